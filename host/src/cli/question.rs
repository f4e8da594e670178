//! The question that the operator answers before a run changes anything.
use super::{CliError, print};
use crate::{
    plan::{LeftOutReason, spec::is_within},
    report::Output,
    run::{prepare::PreparedRun, workflow::Question},
};
use anyhow::{Result, anyhow};
use std::io::{self, BufRead};

/// Returns the question that the operator answers before the run; `None` if no phase of its group
/// runs. A plugin that stands in for the group does not answer for the operator.
pub(super) fn question_of(prepared: &PreparedRun) -> Option<&'static Question> {
    let question = prepared.question?;
    let mut members = prepared
        .plan
        .nodes
        .iter()
        .filter(|node| is_within(node.id(), question.group));
    let is_asked = members.any(|node| {
        let is_replaced = matches!(node.state.reason(), Some(LeftOutReason::ReplacedBy(_)));
        node.state.runs() || is_replaced
    });
    is_asked.then_some(question)
}

/// Asks the operator to confirm the run.
///
/// # Errors
/// The answer was not yes.
pub(super) fn ask(question: &Question, output: Output) -> Result<()> {
    if output == Output::Json {
        return Err(CliError::usage(format!(
            "-o json leaves no room for the question whether to proceed; add {} to proceed without \
             it",
            question.flag
        ))
        .into());
    }
    print::warning(question.warning);
    print::text(question.prompt);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(anyhow!(
        "won't proceed; the user didn't answer (Y|y) in order to continue"
    ))
}
