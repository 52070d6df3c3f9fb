/// Calls a macro with every entity, parents before their children: what a variant for it is
/// called, and its fields.
#[macro_export]
macro_rules! entities {
    ($callback:ident! $($given:tt)*) => {
        $callback! {
            $($given)*
            User UserFields,
            Post PostFields,
        }
    };
}
