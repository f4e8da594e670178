//! The tools of plugin authors: `plugin new`, `plugin build` and `plugin test`. What operators do
//! with plugins is in [`crate::plugin`].

pub mod build;
mod foreign;
pub mod scaffold;
pub mod test;
pub mod toolchain;
