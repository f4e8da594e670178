//! The tools of plugin authors, from `plugin new` to `plugin test`. What operators do
//! with plugins is in [`crate::plugin`].

pub mod annotate;
pub mod build;
pub mod doctor;
mod foreign;
pub mod scaffold;
pub mod test;
pub mod toolchain;
pub mod watch;
