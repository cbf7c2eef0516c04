//! community-server
fn main() {}
