//! The files of the node that a static Pod uses: those that its arguments and variables name, and
//! those that it mounts.
use kubephase_sdk::kubeadm::{Arg, HostPathMount};
use serde_json::Value;

/// Returns the arguments of all containers of a Pod, without their leading dashes. A word that
/// belongs to no flag has an empty name. The program of a container is not an argument.
pub fn arguments(pod: &Value) -> Vec<Arg> {
    containers(pod).flat_map(arguments_of).collect()
}

/// Returns the environment variables of all containers of a Pod that have a value.
pub fn variables(pod: &Value) -> Vec<Arg> {
    let variables = containers(pod).flat_map(|container| list(&container["env"]));
    variables
        .filter_map(|variable| argument(variable["name"].as_str()?, variable["value"].as_str()?))
        .collect()
}

/// Returns the files and directories of the node that a Pod has, one for each place where a
/// container mounts it. Without any such place, the path in the Pod is that on the node.
pub fn volumes(pod: &Value) -> Vec<HostPathMount> {
    let mut found = Vec::new();
    for volume in list(&pod["spec"]["volumes"]) {
        let path = volume.pointer("/hostPath/path").and_then(Value::as_str);
        let (Some(name), Some(path)) = (volume["name"].as_str(), path) else {
            continue;
        };
        let mounted = containers(pod)
            .flat_map(|container| list(&container["volumeMounts"]))
            .filter(|mount| mount["name"] == name)
            .filter_map(|mount| Some((mount["mountPath"].as_str()?, mount["subPath"].as_str())));
        let mut places: Vec<_> = mounted.collect();
        if places.is_empty() {
            places.push((path, None));
        }
        found.extend(places.into_iter().map(|(mount_path, below)| HostPathMount {
            name: name.to_owned(),
            host_path: below.map_or_else(|| path.to_owned(), |below| format!("{path}/{below}")),
            mount_path: mount_path.to_owned(),
            ..HostPathMount::default()
        }));
    }
    found
}

/// Returns the containers of a Pod, of every kind.
fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers", "ephemeralContainers"]
        .into_iter()
        .flat_map(|field| list(&pod["spec"][field]))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn argument(name: &str, value: &str) -> Option<Arg> {
    (!value.is_empty()).then(|| Arg {
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

/// Returns the arguments of a container: `--name=value`, `--name value` and single words.
fn arguments_of(container: &Value) -> Vec<Arg> {
    let of_command = list(&container["command"]).skip(1);
    let words = of_command.chain(list(&container["args"]));
    let mut words = words.filter_map(Value::as_str).peekable();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let flag = word.trim_start_matches('-');
        let (name, value) = if flag.len() == word.len() {
            ("", word)
        } else if let Some(parts) = flag.split_once('=') {
            parts
        } else {
            let next = words.next_if(|next| !next.starts_with('-'));
            (flag, next.unwrap_or_default())
        };
        found.extend(argument(name, value));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pairs(arguments: &[Arg]) -> Vec<(&str, &str)> {
        let pairs = arguments.iter();
        pairs
            .map(|argument| (argument.name.as_str(), argument.value.as_str()))
            .collect()
    }

    #[test]
    fn arguments_have_every_usual_form() {
        let pod = json!({"spec": {
            "containers": [
                {
                    "command": ["kube-apiserver", "--a=/x=y", "-b", "/y", "--c", "--d"],
                    "args": ["/z"],
                },
                {"args": ["--e=1"], "env": [{"name": "F", "value": "/f"}, {"name": "G"}]},
            ],
            "initContainers": [{"command": ["sh", "-c", "cat /i"]}],
        }});
        assert_eq!(
            pairs(&arguments(&pod)),
            [
                ("c", "cat /i"),
                ("a", "/x=y"),
                ("b", "/y"),
                ("d", "/z"),
                ("e", "1")
            ]
        );
        assert_eq!(pairs(&variables(&pod)), [("F", "/f")]);
        assert!(arguments(&Value::Null).is_empty());
    }

    fn mount(name: &str, path: &str, below: &str) -> Value {
        json!({"name": name, "mountPath": path, "subPath": below})
    }

    #[test]
    fn a_volume_is_found_wherever_it_is_mounted() {
        let pod = json!({"spec": {
            "containers": [{"volumeMounts": [
                mount("a", "/in/a", "sub"),
                {"name": "a", "mountPath": "/in/b"},
                mount("absent", "/in/c", "x"),
            ]}],
            "volumes": [
                {"name": "a", "hostPath": {"path": "/srv/a"}},
                {"name": "unused", "hostPath": {"path": "/srv/unused"}},
                {"name": "b", "emptyDir": {}},
            ],
        }});
        let found: Vec<_> = volumes(&pod)
            .into_iter()
            .map(|volume| (volume.name, volume.host_path, volume.mount_path))
            .collect();
        let expected = [
            ("a", "/srv/a/sub", "/in/a"),
            ("a", "/srv/a", "/in/b"),
            ("unused", "/srv/unused", "/srv/unused"),
        ]
        .map(|(name, path, mount)| (name.to_owned(), path.to_owned(), mount.to_owned()));
        assert_eq!(found, expected);
    }
}
