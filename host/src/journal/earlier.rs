//! Completes lines of journals that earlier versions wrote. These lines lack the footprint of an
//! effect (its meaning for later runs), so this module derives it from the effect's kind and
//! target. Journals of this version record the footprint.
use crate::{
    effect::{Footprint, Undo, joining},
    event::{EffectSummary, Event, EventKind},
};
use kubephase_sdk::undo::Inverse;

/// Completes an event of an earlier version. Does not change other events.
pub fn complete(event: &mut Event) {
    if let EventKind::Effect {
        effect, footprint, ..
    } = &mut event.kind
    {
        footprint.get_or_insert_with(|| footprint_of(effect));
    }
}

fn footprint_of(effect: &EffectSummary) -> Footprint {
    let mut footprint = Footprint {
        undo: Undo::RemoveCreated,
        ..Footprint::default()
    };
    let path = effect.target.clone();
    match effect.kind.as_str() {
        "remove-file" => footprint.undoes = Some(Inverse::RemoveFile(path)),
        "remove-directory" => footprint.undoes = Some(Inverse::RemoveDirectory(path)),
        "bootstrap-kubeconfig" => footprint.paths = vec![joining::kubeconfig_of_kubelet(&path)],
        "service" => (footprint.undo, footprint.undoes) = undo_of_service(&effect.target),
        _ => {}
    }
    footprint
}

/// Returns the inverse of a change of a service, and the inverse that the change itself carries
/// out. The target is the service's name and its state.
fn undo_of_service(target: &str) -> (Undo, Option<Inverse>) {
    let Some((name, state)) = target.rsplit_once(' ') else {
        return (Undo::Nothing, None);
    };
    let name = name.to_owned();
    match state {
        "running" => (Undo::By(Inverse::StopService(name)), None),
        "enabled" => (Undo::By(Inverse::DisableService(name)), None),
        "stopped" => (Undo::Nothing, Some(Inverse::StopService(name))),
        "disabled" => (Undo::Nothing, Some(Inverse::DisableService(name))),
        _ => (Undo::Nothing, None),
    }
}
