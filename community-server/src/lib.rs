//! community-server
