//! Real sockets
