//! Writes the impl of `Tree`: four methods, each one `match` over the variants.
//!
//! ```text
//! struct Dense<T> { w: T, #[tree(static)] act: Act }
//! // becomes, in `map_leaves`:
//! match self { Dense { w: __own_0, act: __own_1 } =>
//!     Dense { w: Tree::map_leaves(__own_0, __f), act: copy_static(__own_1) } }
//! ```

use crate::model::{Field, Item, Variant, mentions, span_of};
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{GenericParam, Member, WherePredicate};

/// The impl.
pub(crate) fn expand(item: &Item) -> TokenStream {
    let (name, home) = (&item.name, &item.home);
    let params = item.generics.params.iter().map(|p| impl_param(item, p));
    let args: Vec<_> = item.generics.params.iter().map(argument).collect();
    let replaced: Vec<_> = item.generics.params.iter().map(|p| replaced(item, p)).collect();
    let clauses = clauses(item);
    let methods = [visit(item), visit_mut(item), map_leaves(item), zip_leaves(item)];
    quote! {
        #[automatically_derived]
        impl<__Leaf: #home::Leaf, #(#params),*> #home::Tree<__Leaf> for #name<#(#args),*>
        where #(#clauses),*
        {
            type With<__K: #home::Leaf> = #name<#(#replaced),*>;
            #(#methods)*
        }
    }
}

fn impl_param(item: &Item, param: &GenericParam) -> TokenStream {
    let home = &item.home;
    match param {
        GenericParam::Type(t) if item.trees.contains(&t.ident) => {
            let t = &t.ident;
            quote!(#t: #home::Tree<__Leaf>)
        }
        GenericParam::Type(t) => {
            let (t, bounds) = (&t.ident, t.bounds.iter());
            quote!(#t: #home::Leaf #(+ #bounds)*)
        }
        GenericParam::Const(c) => {
            let (c, ty) = (&c.ident, &c.ty);
            quote!(const #c: #ty)
        }
        GenericParam::Lifetime(l) => quote!(#l),
    }
}

fn argument(param: &GenericParam) -> TokenStream {
    match param {
        GenericParam::Type(t) => {
            let t = &t.ident;
            quote!(#t)
        }
        GenericParam::Const(c) => {
            let c = &c.ident;
            quote!(#c)
        }
        GenericParam::Lifetime(l) => quote!(#l),
    }
}

/// The argument in `With<__K>`.
fn replaced(item: &Item, param: &GenericParam) -> TokenStream {
    let home = &item.home;
    match param {
        GenericParam::Type(t) if item.trees.contains(&t.ident) => {
            let t = &t.ident;
            quote!(<#t as #home::Tree<__Leaf>>::With<__K>)
        }
        other => argument(other),
    }
}

/// The item's own clauses, and `Static` for every static field whose type depends on a parameter.
fn clauses(item: &Item) -> Vec<TokenStream> {
    let own =
        item.generics.where_clause.iter().flat_map(|w| &w.predicates).map(|p: &WherePredicate| quote!(#p));
    let depends = |f: &&Field| item.generics.type_params().any(|t| mentions(&f.ty, &t.ident));
    let fields = item.fields().filter(|f| f.is_static).filter(depends).map(|f| {
        let (ty, here) = (&f.ty, home_at(item, f));
        quote_spanned!(span_of(f)=> #ty: #here::Static)
    });
    own.chain(fields).collect()
}

fn visit(item: &Item) -> TokenStream {
    let home = &item.home;
    let arms = item.variants.iter().map(|v| {
        let pattern = pattern(item, v, "own");
        let variant = item.is_enum.then(|| {
            let name = v.name.to_string();
            quote!(__f(#home::Part::Variant(#name));)
        });
        let fields = v.fields.iter().enumerate().map(|(i, f)| {
            let (own, name) = (binding("own", i, f), name(f));
            let here = home_at(item, f);
            if f.is_static {
                return quote_spanned!(span_of(f)=> __f(#here::tree::derive::static_part(#name, #own)););
            }
            let step = step(item, f);
            let inner = quote_spanned!(span_of(f)=> #here::Tree::<__Leaf>::visit(#own, __f););
            let buffer = f.is_buffer.then(|| quote!(__f(#home::Part::Buffer);));
            quote!(#buffer __f(#step); #inner __f(#home::Part::End);)
        });
        quote!(#pattern => { #variant #(#fields)* })
    });
    quote! {
        fn visit<'__a>(&'__a self, __f: &mut dyn ::core::ops::FnMut(#home::Part<'__a, __Leaf>)) {
            match self { #(#arms)* }
        }
    }
}

fn visit_mut(item: &Item) -> TokenStream {
    let arms = item.variants.iter().map(|v| {
        let pattern = pattern(item, v, "own");
        let fields = v.fields.iter().enumerate().map(|(i, f)| {
            let own = binding("own", i, f);
            if f.is_static {
                return quote!(let _ = #own;);
            }
            let here = home_at(item, f);
            quote_spanned!(span_of(f)=> #here::Tree::<__Leaf>::visit_mut(#own, __f);)
        });
        quote!(#pattern => { #(#fields)* })
    });
    quote! {
        fn visit_mut<'__a>(&'__a mut self, __f: &mut dyn ::core::ops::FnMut(&'__a mut __Leaf)) {
            match self { #(#arms)* }
        }
    }
}

fn map_leaves(item: &Item) -> TokenStream {
    let home = &item.home;
    let arms = item.variants.iter().map(|v| {
        let (pattern, path) = (pattern(item, v, "own"), path(item, v));
        let fields = v.fields.iter().enumerate().map(|(i, f)| {
            let (member, own, here) = (&f.member, binding("own", i, f), home_at(item, f));
            if f.is_static {
                return quote_spanned!(span_of(f)=> #member: #here::tree::derive::copy_static(#own));
            }
            quote_spanned!(span_of(f)=> #member: #here::Tree::<__Leaf>::map_leaves(#own, __f))
        });
        quote!(#pattern => #path { #(#fields),* },)
    });
    quote! {
        fn map_leaves<__K: #home::Leaf>(
            &self,
            __f: &mut dyn ::core::ops::FnMut(&__Leaf) -> __K,
        ) -> <Self as #home::Tree<__Leaf>>::With<__K> {
            match self { #(#arms)* }
        }
    }
}

fn zip_leaves(item: &Item) -> TokenStream {
    let home = &item.home;
    let arms = item.variants.iter().map(|v| zip_arm(item, v));
    let otherwise = (item.variants.len() > 1).then(
        || quote!(_ => return ::core::result::Result::Err(#home::Mismatch::new(&"enum variants differ")),),
    );
    quote! {
        fn zip_leaves<__J: #home::Leaf, __K: #home::Leaf>(
            &self,
            __other: &<Self as #home::Tree<__Leaf>>::With<__J>,
            __f: &mut dyn ::core::ops::FnMut(&__Leaf, &__J) -> __K,
        ) -> ::core::result::Result<<Self as #home::Tree<__Leaf>>::With<__K>, #home::Mismatch> {
            ::core::result::Result::Ok(match (self, __other) { #(#arms)* #otherwise })
        }
    }
}

fn zip_arm(item: &Item, v: &Variant) -> TokenStream {
    let (home, path) = (&item.home, path(item, v));
    let (own, other) = (pattern(item, v, "own"), pattern(item, v, "other"));
    let statics = v.fields.iter().enumerate().filter(|(_, f)| f.is_static).map(|(i, f)| {
        let (own, other, name) = (binding("own", i, f), binding("other", i, f), name(f));
        let here = home_at(item, f);
        let same = quote_spanned!(span_of(f)=> #here::tree::derive::same_static(#own, #other));
        quote! {
            if !#same {
                return ::core::result::Result::Err(#home::Mismatch::static_field(#name));
            }
        }
    });
    let fields = v.fields.iter().enumerate().map(|(i, f)| {
        let (member, own, other) = (&f.member, binding("own", i, f), binding("other", i, f));
        let here = home_at(item, f);
        if f.is_static {
            return quote_spanned!(span_of(f)=> #member: #here::tree::derive::copy_static(#own));
        }
        let name = name(f);
        let zip = quote_spanned!(span_of(f)=> #here::Tree::<__Leaf>::zip_leaves(#own, #other, __f));
        quote! {
            #member: match #zip {
                ::core::result::Result::Ok(__t) => __t,
                ::core::result::Result::Err(__e) => {
                    return ::core::result::Result::Err(__e.within(&#name))
                }
            }
        }
    });
    quote!((#own, #other) => { #(#statics)* #path { #(#fields),* } })
}

/// `Name` of a struct, `Name::Variant` of an enum.
fn path(item: &Item, v: &Variant) -> TokenStream {
    let (name, variant) = (&item.name, &v.name);
    if item.is_enum { quote!(#name::#variant) } else { quote!(#name) }
}

/// `Name { w: __own_0, b: __own_1 }`, which is also a pattern of a tuple struct and of a unit.
fn pattern(item: &Item, v: &Variant, whose: &str) -> TokenStream {
    let path = path(item, v);
    let fields = v.fields.iter().enumerate().map(|(i, f)| {
        let (member, binding) = (&f.member, binding(whose, i, f));
        quote!(#member: #binding)
    });
    quote!(#path { #(#fields),* })
}

/// Where gradus is found, at the place of a field: so that an error about the field's type points there.
fn home_at(item: &Item, f: &Field) -> TokenStream {
    fn moved(tokens: TokenStream, span: proc_macro2::Span) -> TokenStream {
        let at = |mut token: TokenTree| {
            if let TokenTree::Group(group) = &token {
                token = Group::new(group.delimiter(), moved(group.stream(), span)).into();
            }
            token.set_span(span);
            token
        };
        tokens.into_iter().map(at).collect()
    }
    moved(item.home.to_token_stream(), span_of(f))
}

fn binding(whose: &str, i: usize, f: &Field) -> Ident {
    format_ident!("__{whose}_{i}", span = span_of(f))
}

/// The field's step of a leaf path.
fn name(f: &Field) -> String {
    match &f.member {
        Member::Named(name) => name.to_string().trim_start_matches("r#").to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

fn step(item: &Item, f: &Field) -> TokenStream {
    let home = &item.home;
    match &f.member {
        Member::Named(_) => {
            let name = name(f);
            quote!(#home::Part::Field(#name))
        }
        Member::Unnamed(index) => {
            let index = index.index as usize;
            quote!(#home::Part::Index(#index))
        }
    }
}
