//! Programs: the host runs those that the grant of the plugin names, argument by argument. They end
//! with the call, and their output is read up to a limit.

mod arguments;
mod children;
mod limits;
mod programs;
