//! node-server
fn main() {}
