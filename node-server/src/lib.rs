//! node-server
