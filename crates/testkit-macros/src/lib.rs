//! The attribute that runs one test on both databases; `testkit` offers it.

use proc_macro::TokenStream;
use quote::quote;
use syn::{Attribute, Error, ItemFn, Meta, ReturnType, parse_macro_input};

/// Runs an async test twice, as `name::sqlite` and `name::postgres`.
///
/// The function stays in its scope; a module of the same name holds the two tests. `#[ignore]` and
/// `#[should_panic]` move to the tests, other attributes stay.
///
/// ```ignore
/// #[testkit::on_both_databases]
/// async fn a_new_database_has_no_rooms() {
///     let database = testkit::database().await;
///     // ...
/// }
/// ```
#[proc_macro_attribute]
pub fn on_both_databases(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let fact = parse_macro_input!(item as ItemFn);
    let checked = if arguments.is_empty() {
        check(&fact)
    } else {
        Err(Error::new_spanned(&fact.sig, "this attribute takes no arguments"))
    };
    match checked {
        Ok(()) => expand(fact),
        Err(error) => error.into_compile_error().into(),
    }
}

fn check(fact: &ItemFn) -> Result<(), Error> {
    let signature = &fact.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new_spanned(signature, "a test on both databases is an `async fn`"));
    }
    if !signature.inputs.is_empty() {
        return Err(Error::new_spanned(&signature.inputs, "a test takes no arguments"));
    }
    Ok(())
}

fn expand(mut fact: ItemFn) -> TokenStream {
    let name = fact.sig.ident.clone();
    let (of_tests, kept) = fact.attrs.into_iter().partition::<Vec<_>, _>(belongs_to_tests);
    let conditions: Vec<_> = kept.iter().filter(|it| it.path().is_ident("cfg")).cloned().collect();
    fact.attrs = kept;
    // `#[should_panic]` requires tests that return nothing, so a type is returned only if it is declared.
    let output = match fact.sig.output {
        ReturnType::Default => quote!(),
        ReturnType::Type(..) => quote!(-> impl ::std::process::Termination),
    };
    let statement_end = matches!(fact.sig.output, ReturnType::Default).then(|| quote!(;));
    // `cfg(test)` tells clippy, too, that this is a test.
    quote! {
        #[cfg(test)]
        #fact

        #[cfg(test)]
        #(#conditions)*
        mod #name {
            #[test]
            #(#of_tests)*
            fn sqlite() #output {
                ::testkit::run(::testkit::Kind::Sqlite, super::#name()) #statement_end
            }

            #[test]
            #(#of_tests)*
            fn postgres() #output {
                ::testkit::run(::testkit::Kind::Postgres, super::#name()) #statement_end
            }
        }
    }
    .into()
}

fn belongs_to_tests(attribute: &Attribute) -> bool {
    let name = match &attribute.meta {
        Meta::Path(path) => path,
        Meta::List(list) => &list.path,
        Meta::NameValue(pair) => &pair.path,
    };
    name.is_ident("ignore") || name.is_ident("should_panic")
}
