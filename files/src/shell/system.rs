//! What std does not offer, system by system.
