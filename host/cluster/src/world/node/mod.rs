//! Facts of a machine, and nodes that are described by facts.
//!
//! `facts` reads a description, `gather` reads this machine, `described` is a node that answers
//! from a description, `proxy` chooses the proxy of a URL. The machine itself as a world is in
//! `world::real`.

pub mod described;
pub mod facts;
pub mod gather;
pub mod proxy;
