//! Small images that a test pushes to a registry on loopback.
use kubephase::oci::{
    manifest::{ArtifactManifest, Descriptor, INDEX, Index, MANIFEST},
    platform::Platform,
};
use serde_json::json;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

/// The media types of a config and of a layer of an image.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// An empty tar file.
const CONTENT: [u8; 1024] = [0; 1024];

/// Pushes an image for this platform and another one, with the name of a runtime.
pub fn push_image(image: &str) {
    let (place, tag) = image.rsplit_once(':').unwrap();
    let (authority, repository) = place.split_once('/').unwrap();
    let registry = SmallRegistry {
        authority,
        repository,
    };
    let other = Platform::parse("linux/s390x").unwrap();
    let platforms = [other, Platform::of_machine()];
    let manifests = platforms.map(|platform| registry.push_manifest(image, platform));
    let index = serde_json::to_vec(&Index::new(manifests.into())).unwrap();
    registry.put(&format!("manifests/{tag}"), INDEX[0], &index);
}

struct SmallRegistry<'a> {
    authority: &'a str,
    repository: &'a str,
}

impl SmallRegistry<'_> {
    /// Pushes an image for one platform. Returns its entry of an index.
    fn push_manifest(&self, image: &str, platform: Platform) -> Descriptor {
        let layer = self.push_blob(LAYER, &CONTENT);
        let config = json!({
            "architecture": platform.architecture,
            "os": platform.os,
            "config": {"Labels": {"name": image}},
            "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
        });
        let config = self.push_blob(CONFIG, config.to_string().as_bytes());
        let manifest = serde_json::to_vec(&ArtifactManifest::new(config, vec![layer])).unwrap();
        let descriptor = Descriptor::new(MANIFEST[0], &manifest);
        let path = format!("manifests/{}", descriptor.digest);
        self.put(&path, MANIFEST[0], &manifest);
        Descriptor {
            platform: Some(platform),
            ..descriptor
        }
    }

    fn push_blob(&self, media_type: &str, content: &[u8]) -> Descriptor {
        let descriptor = Descriptor::new(media_type, content);
        let head = self.ask("POST", &self.path("blobs/uploads/"), "text/plain", b"");
        let location = head
            .lines()
            .find_map(|line| line.strip_prefix("location: "));
        let location = location.unwrap().trim();
        let (_, path) = location.split_once("//").unwrap();
        let (_, path) = path.split_once('/').unwrap();
        let path = format!("/{path}&digest={}", descriptor.digest);
        self.ask("PUT", &path, "application/octet-stream", content);
        descriptor
    }

    fn put(&self, below: &str, media_type: &str, content: &[u8]) {
        self.ask("PUT", &self.path(below), media_type, content);
    }

    fn path(&self, below: &str) -> String {
        format!("/v2/{}/{below}", self.repository)
    }

    /// Sends a request, which has to succeed. Returns the head of the answer, with the names of
    /// headers in lower case.
    fn ask(&self, method: &str, path: &str, media_type: &str, content: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.authority).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: \
             {media_type}\r\nContent-Length: {}\r\n\r\n",
            self.authority,
            content.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(content).unwrap();
        let (mut reader, mut head) = (BufReader::new(stream), String::new());
        while !head.ends_with("\r\n\r\n") {
            let mut line = String::new();
            assert_ne!(
                reader.read_line(&mut line).unwrap(),
                0,
                "{method} {path}: {head}"
            );
            head += &match line.split_once(": ") {
                Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
                None => line,
            };
        }
        let mut body = String::new();
        let _ = reader.read_to_string(&mut body);
        assert!(
            head.starts_with("HTTP/1.1 20"),
            "{method} {path}: {head}{body}"
        );
        head
    }
}
