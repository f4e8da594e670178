//! Macros by which a fact is defined once: its Rust type, its shape, and its documentation.

/// Declares an object that is a fact or a part of one: the struct, and its shape. A field has its
/// name in JSON, its type, and its unit after `as`.
macro_rules! fact_object {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $(
                $(#[doc = $meaning:literal])+
                $json:literal $field:ident: $of:ty $(as $unit:literal)?,
            )*
        }
    ) => {
        $(#[$attribute])*
        pub struct $name {
            $(
                $(#[doc = $meaning])+
                #[serde(rename = $json)]
                pub $field: $of,
            )*
        }

        impl $crate::facts::FactType for $name {
            const SHAPE: $crate::facts::Shape = $crate::facts::Shape::Object(&[
                $($crate::facts::FactField {
                    name: $json,
                    shape: <$of as $crate::facts::FactType>::SHAPE,
                    unit: concat!($($unit)?),
                    meaning: concat!($($meaning),+).trim_ascii(),
                },)*
            ]);
            type Value = Self;
        }
    };
}

/// Declares the table of facts: the struct of a description, its defaults, the list of all facts,
/// and a typed function for each. A fact has its name, its type, its unit after `as`, its value on
/// a described node that does not name it, and its source on a machine. `computed` facts are no
/// fields of a description; `inputs` are fields of a description that are no facts.
macro_rules! node_facts {
    (
        facts {
            $(
                $(#[doc = $meaning:literal])+
                $(#[serde($($serde:tt)*)])*
                $name:literal $field:ident: $of:ty $(as $unit:literal)? = $default:expr,
                from $source:expr;
            )*
        }
        computed {
            $(
                $(#[doc = $computed_meaning:literal])+
                $computed_name:ident: $computed_of:ty, from $computed_source:expr;
            )*
        }
        inputs {
            $(
                $(#[doc = $input_meaning:literal])+
                $(#[serde($($input_serde:tt)*)])*
                $input_name:literal $input:ident: $input_of:ty = $input_default:expr;
            )*
        }
    ) => {
        /// The facts of a node, gathered from a machine or described in a file (`--node FILE`).
        ///
        /// The description is a superset of the `host.json` of kubeadm's recorded runs, with the
        /// same names. Every field has a default; the defaults describe a machine on which
        /// kubeadm's preflight checks pass. A fact whose default is `None` is not known of a
        /// described node, unless its description has it.
        #[cfg(not(target_arch = "wasm32"))]
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
        #[serde(default, deny_unknown_fields)]
        pub struct NodeFacts {
            $(
                $(#[doc = $meaning])+
                #[serde(rename = $name)]
                $(#[serde($($serde)*)])*
                pub $field: $of,
            )*
            $(
                $(#[doc = $input_meaning])+
                #[serde(rename = $input_name)]
                $(#[serde($($input_serde)*)])*
                pub $input: $input_of,
            )*
        }

        #[cfg(not(target_arch = "wasm32"))]
        impl Default for NodeFacts {
            fn default() -> Self {
                NodeFacts {
                    $($field: $default,)*
                    $($input: $input_default,)*
                }
            }
        }

        /// Every fact, in the order of the documentation.
        pub const FACTS: &[Fact] = &[
            $(Fact {
                name: $name,
                shape: <$of as FactType>::SHAPE,
                unit: concat!($($unit)?),
                source: $source,
                meaning: concat!($($meaning),+).trim_ascii(),
            },)*
            $(Fact {
                name: $computed_name,
                shape: <$computed_of as FactType>::SHAPE,
                unit: "",
                source: $computed_source,
                meaning: concat!($($computed_meaning),+).trim_ascii(),
            },)*
        ];

        /// The facts of this node, typed. Each function returns `None` if the node does not have
        /// the fact.
        pub mod fact {
            use super::*;
            use $crate::{Failure, node_fact};
            $(
                $(#[doc = $meaning])+
                ///
                /// # Errors
                /// `invalid` if the answer of the host has another shape.
                pub fn $field() -> Result<Option<<$of as FactType>::Value>, Failure> {
                    node_fact($name)
                }
            )*
        }

        /// Fields of a description that no phase is told as facts.
        #[cfg(test)]
        pub(crate) const INPUTS: &[&str] = &[$($input_name),*];
    };
}
