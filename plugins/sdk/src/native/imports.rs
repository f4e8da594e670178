//! Every function that a component can import, over the traits of the host: one line each.
use super::{call_host, types};

macro_rules! imports { ($($interface:ident {
    $($name:ident($($arg:ident: $t:ty => $e:expr),*) $(-> $r:ty)?;)*
})*) => {
    /// Every function of this module, as `interface.function`.
    #[cfg(test)]
    pub(super) const FUNCTIONS: &[&str] = &[
        $($(concat!(stringify!($interface), ".", stringify!($name))),*),*
    ];
    $(
    pub mod $interface {
        //! The functions of one interface; `wit/` documents them.
        #[allow(unused_imports)]
        use super::{call_host, types::*};
        #[allow(dead_code)]
        type Tried<T> = Result<T, Failure>;
        $(pub fn $name($($arg: $t),*) $(-> $r)? {
            call_host(|host| kubephase_wit::$interface::Host::$name(host, $($e),*))
        })*
    }
)* } }

imports! {
    input {
        phase_id() -> String;
        round() -> u32;
        config(pointer: &str => pointer.into()) -> Option<String>;
        settings() -> String;
        patched(target: &str => target.into(), document: &str => document.into()) -> Tried<String>;
        fact(phase: &str => phase.into(), name: &str => name.into()) -> Option<String>;
    }
    report {
        message(severity: Severity => severity, text: &str => text.into());
        submit(finding: &Finding => finding.clone());
        set_fact(name: &str => name.into(), json: &str => json.into());
        progress(done: u32 => done, total: u32 => total, text: &str => text.into());
    }
    observe_node {
        node_fact(name: &str => name.into()) -> Option<String>;
        sysctl(key: &str => key.into()) -> Option<String>;
        kernel_option(name: &str => name.into()) -> Tried<Option<String>>;
        service(name: &str => name.into()) -> Tried<Option<String>>;
    }
    observe_files {
        stat(path: &str => path.into()) -> Tried<Option<FileMeta>>;
        read_file(path: &str => path.into()) -> Tried<Vec<u8>>;
        list_dir(path: &str => path.into()) -> Tried<Vec<String>>;
    }
    observe_net {
        port_free(port: u16 => port) -> Tried<bool>;
        resolve(name: &str => name.into()) -> Tried<Vec<String>>;
        proxy_for(url: &str => url.into()) -> Tried<Option<String>>;
        http_get(url: &str => url.into(), timeout_millis: u32 => timeout_millis)
            -> Tried<HttpReply>;
        http_get_as(
            url: &str => url.into(),
            ca_file: &str => ca_file.into(),
            cert_file: &str => cert_file.into(),
            key_file: &str => key_file.into(),
            timeout_millis: u32 => timeout_millis
        ) -> Tried<HttpReply>;
    }
    observe_runtime {
        runtime_status() -> Tried<String>;
        runtime_config() -> Tried<String>;
        image_present(image: &str => image.into()) -> Tried<bool>;
    }
    observe_pki {
        certificate(path: &str => path.into()) -> Tried<Option<String>>;
        private_key(path: &str => path.into()) -> Tried<Option<String>>;
        kubeconfig(path: &str => path.into()) -> Tried<Option<String>>;
    }
    observe_cluster {
        get_object(of: &ObjectRef => of.clone()) -> Tried<Option<String>>;
        list_objects(
            api_version: &str => api_version.into(),
            kind: &str => kind.into(),
            namespace: Option<&str> => namespace.map(Into::into),
            selector: Option<&str> => selector.map(Into::into)
        ) -> Tried<Vec<String>>;
    }
    observe_command {
        run_command(program: &str => program.into(), args: &[String] => args.into())
            -> Tried<CommandOutput>;
    }
    observe_core {
        etcd_members() -> Tried<Vec<String>>;
    }
    effects {
        because(of: Effect => of, reason: &str => reason.into()) -> Tried<()>;
        requires(of: Effect => of, earlier: Effect => earlier) -> Tried<()>;
        announce(of: Effect => of, text: &str => text.into()) -> Tried<()>;
    }
    effects_files {
        write_file(path: &str => path.into(), content: &[u8] => content.into()) -> Tried<Effect>;
        make_dir(path: &str => path.into()) -> Tried<Effect>;
        remove_file(path: &str => path.into()) -> Tried<Effect>;
        set_mode(path: &str => path.into(), mode: u32 => mode) -> Tried<Effect>;
        file_mode(of: Effect => of, mode: u32 => mode) -> Tried<()>;
        file_owner(of: Effect => of, uid: u32 => uid, gid: u32 => gid) -> Tried<()>;
    }
    effects_pki {
        ensure_certificate(spec: &str => spec.into()) -> Tried<Effect>;
        ensure_key_pair(spec: &str => spec.into()) -> Tried<Effect>;
        ensure_kubeconfig(spec: &str => spec.into()) -> Tried<Effect>;
        ensure_rotated_kubeconfig(spec: &str => spec.into()) -> Tried<Effect>;
    }
    effects_cluster {
        apply_object(manifest: &str => manifest.into()) -> Tried<Effect>;
        patch_object(of: &ObjectRef => of.clone(), patch: &str => patch.into()) -> Tried<Effect>;
        delete_object(of: &ObjectRef => of.clone()) -> Tried<Effect>;
        if_exists(of: Effect => of, strategy: &str => strategy.into()) -> Tried<()>;
    }
    effects_node {
        ensure_service(name: &str => name.into(), state: &str => state.into()) -> Tried<Effect>;
        set_sysctl(key: &str => key.into(), value: &str => value.into()) -> Tried<Effect>;
        load_module(name: &str => name.into()) -> Tried<Effect>;
    }
    effects_images {
        pull_image(image: &str => image.into()) -> Tried<Effect>;
    }
    effects_command {
        execute(program: &str => program.into(), args: &[String] => args.into()) -> Tried<Effect>;
    }
    effects_core {
        static_pod(name: &str => name.into(), manifest: &[u8] => manifest.into()) -> Tried<Effect>;
        ensure_bootstrap_token(spec: &str => spec.into()) -> Tried<Effect>;
        share_keys(spec: &str => spec.into()) -> Tried<Effect>;
        fetch_keys(spec: &str => spec.into()) -> Tried<Effect>;
        bootstrap_kubeconfig(path: &str => path.into()) -> Tried<Effect>;
        kubeconfig_server(path: &str => path.into(), server: &str => server.into())
            -> Tried<Effect>;
        etcd_member(spec: &str => spec.into()) -> Tried<Effect>;
        control_plane_users(spec: &str => spec.into()) -> Tried<Effect>;
        give_tree(path: &str => path.into(), uid: u32 => uid, gid: u32 => gid) -> Tried<Effect>;
        clear(spec: &str => spec.into()) -> Tried<Effect>;
        attempt(of: Effect => of, warning: &str => warning.into()) -> Tried<()>;
        regardless(of: Effect => of) -> Tried<()>;
        wait_until(spec: &str => spec.into()) -> Tried<Effect>;
    }
}
