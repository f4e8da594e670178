//! The macros of CEL: `all`, `exists`, `exists_one`, `map` and `filter`.
use super::{
    checker::{Checker, joined},
    types::CelType,
};
use kube_cel::cel::common::ast::{ComprehensionExpr, Expr, IdedExpr, operators};

impl Checker<'_> {
    /// Checks a macro, `list.all(name, condition)` and its kind, which the parser replaced by a
    /// loop.
    pub(super) fn visit_macro(&mut self, macro_call: &ComprehensionExpr) -> CelType {
        let range = self.visit(&macro_call.iter_range);
        let at = self.scan.place();
        let element = match &range {
            CelType::List(_) | CelType::Any => range.element(),
            CelType::Map(_) | CelType::Fields(_) => CelType::Text,
            other => self.report(
                at,
                format!("{other} has no elements; this needs a list or a map"),
            ),
        };
        self.scan.go_to(&macro_call.iter_var);
        self.bound.push((macro_call.iter_var.clone(), element));
        let found = self.visit_step(&macro_call.loop_step);
        self.bound.pop();
        found
    }

    /// Checks what a macro does with each element. The accumulator is an operand in each of these
    /// forms; it is not in the text.
    fn visit_step(&mut self, step: &IdedExpr) -> CelType {
        let Expr::Call(call) = &step.expr else {
            return CelType::Any;
        };
        match (call.func_name.as_str(), call.args.as_slice()) {
            // all, exists
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [_, condition]) => {
                self.visit_condition(condition);
                CelType::Bool
            }
            // filter, exists_one, and map with a condition
            (operators::CONDITIONAL, [condition, step, _]) => {
                self.visit_condition(condition);
                self.visit_step(step)
            }
            // map, filter; exists_one counts
            (operators::ADD, [_, added]) => match &added.expr {
                Expr::List(list) => {
                    let elements = list.elements.iter().map(|element| self.visit(element));
                    CelType::List(Box::new(joined(elements)))
                }
                _ => CelType::Bool,
            },
            _ => CelType::Any,
        }
    }

    fn visit_condition(&mut self, condition: &IdedExpr) {
        let found = self.visit(condition);
        let at = self.scan.place();
        self.expect_boolean(&found, at);
    }
}
