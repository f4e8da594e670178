use super::*;
use crate::world::{Container, WorldResult};
use kubephase_wit::{Failure, FailureCode};
use serde_json::Value;
use std::time::Duration;

fn images() -> Vec<String> {
    [
        "registry.k8s.io/kube-apiserver:v1.36.2",
        "registry.k8s.io/pause:3.10.2",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[test]
fn lists_are_printed_as_kubeadm_does() {
    assert_eq!(
        format_list(&images(), None).unwrap(),
        "registry.k8s.io/kube-apiserver:v1.36.2\nregistry.k8s.io/pause:3.10.2\n"
    );
    assert_eq!(
        format_list(&images(), Some(&Printer::Json)).unwrap(),
        r#"{
    "kind": "Images",
    "apiVersion": "output.kubeadm.k8s.io/v1alpha3",
    "images": [
        "registry.k8s.io/kube-apiserver:v1.36.2",
        "registry.k8s.io/pause:3.10.2"
    ]
}
"#
    );
    assert_eq!(
        format_list(&images(), Some(&Printer::Yaml)).unwrap(),
        "apiVersion: output.kubeadm.k8s.io/v1alpha3\nimages:\n- \
         registry.k8s.io/kube-apiserver:v1.36.2\n- registry.k8s.io/pause:3.10.2\nkind: Images\n"
    );
}

#[test]
fn flags_and_files_decide_on_the_images() {
    let flags = ImageFlags {
        image_repository: Some("r.example/k8s".into()),
        kubernetes_version: Some("1.35.1".into()),
        ..ImageFlags::default()
    };
    let (loaded, _) = flags
        .load(None, &NodeFacts::default(), &MachineFolder::none())
        .unwrap();
    let all = images::all(&loaded.config);
    assert_eq!(
        (all[0].as_str(), all.len()),
        ("r.example/k8s/kube-apiserver:v1.35.1", 7)
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cluster.yaml");
    #[allow(clippy::disallowed_methods, reason = "the file is the test's own")]
    std::fs::write(
        &file,
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
         1.36.0\ndns: {disabled: true}\n",
    )
    .unwrap();
    let (loaded, _) = ImageFlags {
        config: Some(file.display().to_string()),
        ..flags
    }
    .load(None, &NodeFacts::default(), &MachineFolder::none())
    .unwrap();
    let all = images::all(&loaded.config);
    assert_eq!(
        (all[0].as_str(), all.len()),
        ("registry.k8s.io/kube-apiserver:v1.36.0", 6),
        "only the file decides"
    );
}

/// A runtime that has one image. It answers only if `answers` is set.
struct FakeRuntime {
    answers: bool,
}

impl Runtime for FakeRuntime {
    fn status(&self) -> WorldResult<Value> {
        if self.answers {
            Ok(Value::Null)
        } else {
            Err(Failure::new(FailureCode::Unavailable, "nobody there"))
        }
    }

    fn config(&self) -> WorldResult<Value> {
        Ok(Value::Null)
    }

    fn image_present(&self, _: &str) -> WorldResult<bool> {
        Ok(true)
    }

    fn pull(&self, image: &str) -> WorldResult<()> {
        let known = self.answers && image.contains("kube-apiserver");
        known.then_some(()).ok_or_else(|| {
            Failure::new(
                FailureCode::Unavailable,
                format!("failed to pull image {image}: no such image"),
            )
        })
    }

    fn containers(&self) -> WorldResult<Vec<Container>> {
        Ok(Vec::new())
    }

    fn stop_container(&self, _: &str, _: Duration) -> WorldResult<()> {
        Ok(())
    }

    fn remove_sandboxes(&self) -> WorldResult<usize> {
        Ok(0)
    }

    fn log(&self, _: &str, _: usize) -> WorldResult<Vec<String>> {
        Ok(Vec::new())
    }
}

#[test]
fn pulling_ends_with_the_first_image_that_fails() {
    let mut pulled = Vec::new();
    let why = pull(
        &images(),
        &FakeRuntime { answers: true },
        "unix:///x",
        |image| pulled.push(image.to_owned()),
    )
    .unwrap_err()
    .to_string();
    assert_eq!(pulled, images()[..1]);
    let pause = "registry.k8s.io/pause:3.10.2";
    assert_eq!(
        why,
        format!("failed to pull image \"{pause}\": failed to pull image {pause}: no such image")
    );
    let why = pull(
        &images(),
        &FakeRuntime { answers: false },
        "unix:///x",
        |_| (),
    )
    .unwrap_err()
    .to_string();
    assert!(
        why.ends_with(
            "\nstart the container runtime that serves unix:///x, or name another socket with \
             --cri-socket"
        ),
        "{why}"
    );
}
