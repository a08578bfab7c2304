//! The workbench's own chores.
fn main() {}
