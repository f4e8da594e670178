use super::*;

fn user(uid: u32, shell: &str) -> UsedUser {
    UsedUser {
        uid,
        shell: shell.into(),
    }
}

#[test]
fn existing_users_keep_their_ids_and_the_others_get_the_lowest_free_ones() {
    let mut used = UsedIds {
        uids: vec![100, 102],
        gids: vec![100, 101],
        ..UsedIds::default()
    };
    let fresh = allocate_users(&used).unwrap();
    assert_eq!(
        fresh.to_string(),
        "kubeadm-etcd 101:102, kubeadm-kas 103:103, kubeadm-kcm 104:104, kubeadm-ks 105:105, \
         group kubeadm-sa-key-readers 106"
    );
    used.uids.extend([500]);
    used.gids.extend([600]);
    used.users.insert("kubeadm-kas".into(), user(500, NO_SHELL));
    used.groups.insert("kubeadm-kas".into(), 600);
    let found = allocate_users(&used).unwrap();
    assert_eq!(found.kube_apiserver, User { uid: 500, gid: 600 });
    assert_eq!(found.kube_controller_manager, User { uid: 103, gid: 103 });
    used.users
        .insert("kubeadm-kas".into(), user(500, "/bin/sh"));
    assert!(
        allocate_users(&used)
            .unwrap_err()
            .contains("user kubeadm-kas has the shell \"/bin/sh\"")
    );
    used.users
        .insert("kubeadm-kas".into(), user(1500, NO_SHELL));
    assert!(
        allocate_users(&used)
            .unwrap_err()
            .contains("user kubeadm-kas has the id 1500")
    );
    used.users.clear();
    used.uid_range = (100, 102);
    assert!(
        allocate_users(&used)
            .unwrap_err()
            .contains("too few free ids")
    );
}
