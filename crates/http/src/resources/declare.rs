/// Declares an entity at the REST interface.
///
/// - `scopes`: the scopes of reading and writing; `batch`: the variant of the operation;
/// - `description`, `creation`: descriptions of the rows and of a creation in the OpenAPI
///   document; `example`, `change`: examples;
/// - `paths`: the path of all rows, the path of one row, and the name of the id in it;
/// - `filters`: parameter, parser, schema, description;
/// - `parents`: field, entity, relation, filter, path of the rows of a parent, role,
///   description;
/// - `fields`: field, type, schema.
macro_rules! rest_resource {
    (
        $entity:ident;
        scopes { $read_scope:ident, $write_scope:ident }
        batch { $operation:ident }
        description { $description:literal }
        creation { $creation:literal }
        example $example:tt
        change $change:tt
        paths { $path:literal, $item_path:literal, $id_parameter:literal }
        filters {
            $($filter:literal: $read_filter:expr, $filter_schema:expr, $filter_description:literal;)*
        }
        parents {
            $($parent:ident: $parent_entity:ident as $relation:ident, $parent_filter:path, $nested_path:literal, $role:literal, $parent_description:literal;)*
        }
        fields { $($field:ident: $type:ident, $schema:expr;)* }
    ) => {
        impl $crate::resource::RestResource for $entity {
            const READ_SCOPE: byline_domain::policy::Scope =
                byline_domain::policy::Scope::$read_scope;
            const WRITE_SCOPE: byline_domain::policy::Scope =
                byline_domain::policy::Scope::$write_scope;
            const DESCRIPTION: &'static str = $description;
            const CREATION: &'static str = $creation;
            const PATH: &'static str = $path;
            const ITEM_PATH: &'static str = $item_path;
            const ID_PARAMETER: &'static str = $id_parameter;
            const FIELD_NAMES: &'static [&'static str] =
                &[$(stringify!($parent),)* $(stringify!($field),)*];

            const FIELDS: &'static [$crate::resource::Field<Self>] = &[
                $($crate::resource::Field {
                    name: stringify!($parent),
                    relation: Some($entity::$relation),
                    max_chars: None,
                    schema: || $crate::openapi::schemas::id().description(Some($parent_description)),
                    read: |value, change| {
                        change.$parent = Some($crate::request::json_object::id(value)?);
                        Ok(())
                    },
                    value: |fields| $crate::resource::row::FieldValue::Id(fields.$parent.get()),
                    changed_value: |change| {
                        let parent = change.$parent?;
                        Some($crate::resource::row::FieldValue::Id(parent.get()))
                    },
                },)*
                $($crate::resource::Field {
                    name: stringify!($field),
                    relation: None,
                    max_chars: Some($type::MAX_CHARS),
                    schema: || $schema,
                    read: |value, change| {
                        let text = $crate::request::json_object::text_of($type::parse)(value)?;
                        change.$field = Some(text);
                        Ok(())
                    },
                    value: |fields| {
                        $crate::resource::row::FieldValue::Text(fields.$field.as_str())
                    },
                    changed_value: |change| {
                        let text = change.$field.as_ref()?;
                        Some($crate::resource::row::FieldValue::Text(text.as_str()))
                    },
                },)*
            ];

            const FILTERS: &'static [$crate::resource::Filter<Self>] = &[
                $($crate::resource::Filter {
                    name: $filter,
                    description: $filter_description,
                    schema: || $filter_schema,
                    read: $read_filter,
                },)*
                $($crate::resource::Filter {
                    name: stringify!($parent),
                    description: concat!("The ", $role, "."),
                    schema: || $crate::openapi::schemas::id().description::<String>(None),
                    read: |text| Ok($parent_filter($crate::list::filter::id(text)?)),
                },)*
            ];

            const EMBEDS: &'static [$crate::resource::Embed<Self>] =
                &[$($crate::resource::Embed {
                    relation: $entity::$relation,
                    role: $role,
                    load: $crate::resource::load_parents::<$parent_entity, $entity>,
                },)*];

            fn parameters() -> &'static $crate::resource::parameters::QueryParameters {
                static PARAMETERS: std::sync::LazyLock<
                    $crate::resource::parameters::QueryParameters,
                > = std::sync::LazyLock::new(
                    $crate::resource::parameters::QueryParameters::of::<$entity>,
                );
                &PARAMETERS
            }

            fn example() -> serde_json::Value {
                $crate::openapi::schemas::with_times(serde_json::json!($example))
            }

            fn example_change() -> serde_json::Value {
                serde_json::json!($change)
            }

            fn operation(
                write: byline_application::batch::Write<Self>,
            ) -> byline_application::batch::Operation {
                byline_application::batch::Operation::$operation(write)
            }

            fn visit_parents(visitor: &mut impl $crate::resource::ParentVisitor) {
                $(visitor.parent::<$parent_entity, $entity>();)*
                let _ = visitor;
            }
        }

        $(impl $crate::resource::NestedIn<$parent_entity> for $entity {
            const RELATION: byline_domain::Relation = $entity::$relation;
            const PATH: &'static str = $nested_path;

            fn filter(parent: byline_domain::Id<$parent_entity>) -> Self::Filter {
                $parent_filter(parent)
            }
        })*
    };
}
pub(crate) use rest_resource;
