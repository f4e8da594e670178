//! A world that has only files, for tests that use nothing else.
use crate::world::{Cluster, Files, Net, Node, Runtime, World, files::RootedFiles};

/// A world that has only files.
pub struct FilesOnly(pub RootedFiles);

impl World for FilesOnly {
    fn files(&self) -> &dyn Files {
        &self.0
    }

    fn node(&self) -> &dyn Node {
        unreachable!("this test has only files")
    }

    fn net(&self) -> &dyn Net {
        unreachable!("this test has only files")
    }

    fn runtime(&self) -> &dyn Runtime {
        unreachable!("this test has only files")
    }

    fn cluster(&self) -> &dyn Cluster {
        unreachable!("this test has only files")
    }
}
