//! Optional fields, `a.?b`. The interpreter only knows the optional elements of maps, `a[?"b"]`,
//! which mean the same here: all objects that rules see are maps.
use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

/// Replaces optional fields, and fields of optional values, by elements of maps. Returns whether
/// the expression has an optional value.
pub fn index_fields(part: &mut IdedExpr) -> bool {
    match &mut part.expr {
        Expr::Call(call) => index_fields_of_call(call),
        Expr::Select(select) => {
            let is_optional = index_fields(&mut select.operand) && !select.test;
            if is_optional {
                let operand = std::mem::take(&mut *select.operand);
                let field = std::mem::take(&mut select.field);
                let field = IdedExpr {
                    id: part.id,
                    expr: Expr::Literal(LiteralValue::String(field.into())),
                };
                part.expr = Expr::Call(CallExpr {
                    func_name: operators::INDEX.to_owned(),
                    target: None,
                    args: vec![operand, field],
                });
            }
            is_optional
        }
        Expr::Comprehension(comprehension) => {
            index_fields(&mut comprehension.iter_range);
            index_fields(&mut comprehension.accu_init);
            index_fields(&mut comprehension.loop_cond);
            index_fields(&mut comprehension.loop_step);
            index_fields(&mut comprehension.result);
            false
        }
        Expr::List(list) => {
            for element in &mut list.elements {
                index_fields(element);
            }
            false
        }
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    index_fields(&mut entry.key);
                    index_fields(&mut entry.value);
                }
            }
            false
        }
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) => false,
    }
}

fn index_fields_of_call(call: &mut CallExpr) -> bool {
    if let Some(target) = &mut call.target {
        index_fields(target);
    }
    let mut arguments = call.args.iter_mut();
    let is_of_optional = arguments.next().is_some_and(index_fields);
    for argument in arguments {
        index_fields(argument);
    }
    match call.func_name.as_str() {
        operators::OPT_SELECT | operators::OPT_INDEX => {
            call.func_name = operators::OPT_INDEX.to_owned();
            true
        }
        operators::INDEX => is_of_optional,
        _ => false,
    }
}
