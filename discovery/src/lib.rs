//! Who is on this network: what Hallway's programs say of themselves by SSDP, and what they make
//! of what others say. Nothing heard here is trusted: the handshake decides who somebody is.
#![forbid(unsafe_code)]
