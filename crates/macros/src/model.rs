//! What the derive knows of an item. Invariant of a read [`Item`]: no field mixes a tree parameter with a
//! static one, and no bound stands on a tree parameter, so that replacing the leaves always type checks.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Fields, GenericParam, Generics, Member, Path, Result, Type};

/// A struct or an enum that is a tree.
pub(crate) struct Item {
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    /// The type parameters whose leaves are replaced; the others occur in static fields only.
    pub(crate) trees: Vec<Ident>,
    pub(crate) variants: Vec<Variant>,
    pub(crate) is_enum: bool,
    /// Where gradus is found.
    pub(crate) home: Path,
}

/// A variant of an enum, or the one form of a struct.
pub(crate) struct Variant {
    pub(crate) name: Ident,
    pub(crate) fields: Vec<Field>,
}

/// A field, named or numbered.
pub(crate) struct Field {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    pub(crate) is_static: bool,
    pub(crate) is_buffer: bool,
}

impl Item {
    pub(crate) fn read(input: DeriveInput) -> Result<Item> {
        let home = home(&input.attrs)?;
        let (variants, is_enum) = match input.data {
            Data::Struct(data) => (vec![Variant::read(input.ident.clone(), data.fields)?], false),
            Data::Enum(data) if data.variants.is_empty() => {
                let message = "an enum without variants has no values, so it is no tree";
                return Err(Error::new(input.ident.span(), message));
            }
            Data::Enum(data) => {
                let variants = data.variants.into_iter().map(|v| Variant::read(v.ident, v.fields));
                (variants.collect::<Result<_>>()?, true)
            }
            Data::Union(data) => {
                return Err(Error::new(data.union_token.span, "a union cannot be a tree; use an enum"));
            }
        };
        let trees = trees(&input.generics, &variants);
        let item = Item { name: input.ident, generics: input.generics, trees, variants, is_enum, home };
        item.check()?;
        Ok(item)
    }

    /// Every field of every variant.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.variants.iter().flat_map(|v| &v.fields)
    }

    /// Refuses with every reason at once.
    fn check(&self) -> Result<()> {
        let generics = self.generics.params.iter().map(|p| self.check_param(p));
        let clauses = self.generics.where_clause.iter().flat_map(|w| &w.predicates).map(|p| {
            match self.trees.iter().find(|t| mentions(p, t)) {
                None => Ok(()),
                Some(_) => Err(Error::new(p.span(), BOUND)),
            }
        });
        let fields = self.fields().map(|f| self.check_field(f));
        let errors = generics.chain(clauses).chain(fields).filter_map(Result::err);
        errors
            .reduce(|mut all, e| {
                all.combine(e);
                all
            })
            .map_or(Ok(()), Err)
    }

    fn check_param(&self, param: &GenericParam) -> Result<()> {
        match param {
            GenericParam::Lifetime(l) => {
                Err(Error::new(l.span(), "a tree owns what it holds: it can have no lifetime parameter"))
            }
            GenericParam::Type(t) if self.trees.contains(&t.ident) && !t.bounds.is_empty() => {
                Err(Error::new(t.bounds.span(), BOUND))
            }
            GenericParam::Type(_) | GenericParam::Const(_) => Ok(()),
        }
    }

    fn check_field(&self, field: &Field) -> Result<()> {
        let name = field.member.to_token_stream();
        if field.is_static {
            return match self.trees.iter().find(|t| mentions(&field.ty, t)) {
                None => Ok(()),
                Some(t) => {
                    let message = format!(
                        "the static field `{name}` mentions `{t}`, which is a tree: its leaves are replaced, \
                         and a static field stays what it is"
                    );
                    Err(Error::new(field.ty.span(), message))
                }
            };
        }
        if is_plain(&field.ty) {
            let ty = spelled(&field.ty);
            let message = format!(
                "`{name}: {ty}` is no tree; mark the field `#[tree(static)]`, or give it the leaf's type to \
                 make it an array"
            );
            return Err(Error::new(field.ty.span(), message));
        }
        if self.generics.type_params().next().is_none() && is_leaf(&field.ty) {
            let (item, ty) = (&self.name, spelled(&field.ty));
            let message = format!(
                "a tree takes its leaf as a parameter, so that it can hold an `Array` outside a trace and a \
                 `Val` inside: `struct {item}<T = Array> {{ {name}: T, .. }}`, not `{name}: {ty}`"
            );
            return Err(Error::new(field.ty.span(), message));
        }
        Ok(())
    }
}

const BOUND: &str = "a tree parameter can have no bound here, since its leaves are replaced by others; \
                     put the bound on the `impl` that needs it";

impl Variant {
    fn read(name: Ident, fields: Fields) -> Result<Variant> {
        let fields = fields.into_iter().enumerate().map(|(i, f)| Field::read(i, f));
        Ok(Variant { name, fields: fields.collect::<Result<_>>()? })
    }
}

impl Field {
    fn read(index: usize, field: syn::Field) -> Result<Field> {
        let member = match field.ident {
            Some(name) => Member::Named(name),
            None => Member::Unnamed(syn::Index { index: index as u32, span: field.ty.span() }),
        };
        let (mut is_static, mut is_buffer) = (false, false);
        for attr in field.attrs.iter().filter(|a| a.path().is_ident("tree")) {
            attr.parse_nested_meta(|meta| {
                is_static |= meta.path.is_ident("static");
                is_buffer |= meta.path.is_ident("buffer");
                if !meta.path.is_ident("static") && !meta.path.is_ident("buffer") {
                    return Err(
                        meta.error("a field may be `#[tree(static)]` or `#[tree(buffer)]`, nothing else")
                    );
                }
                if is_static && is_buffer {
                    return Err(
                        meta.error("a field is `#[tree(static)]`, or its leaves are buffers, not both")
                    );
                }
                Ok(())
            })?;
        }
        Ok(Field { member, ty: field.ty, is_static, is_buffer })
    }
}

/// `#[tree(crate = path)]`, or `::gradus`.
fn home(attrs: &[Attribute]) -> Result<Path> {
    let mut home = None;
    for attr in attrs.iter().filter(|a| a.path().is_ident("tree")) {
        attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(
                    meta.error("an item may be `#[tree(crate = path)]`; `#[tree(static)]` and `#[tree(buffer)]` are for fields")
                );
            }
            home = Some(meta.value()?.parse::<Path>()?);
            Ok(())
        })?;
    }
    Ok(home.unwrap_or_else(|| syn::parse_quote!(::gradus)))
}

/// The parameters that are trees: all but those that only static fields mention.
fn trees(generics: &Generics, variants: &[Variant]) -> Vec<Ident> {
    let fields = || variants.iter().flat_map(|v| &v.fields);
    let is_static = |t: &Ident| {
        let mut holders = fields().filter(|f| mentions(&f.ty, t)).peekable();
        holders.peek().is_some() && holders.all(|f| f.is_static)
    };
    generics.type_params().map(|t| &t.ident).filter(|t| !is_static(t)).cloned().collect()
}

/// Whether the name occurs in the syntax.
pub(crate) fn mentions(syntax: &impl ToTokens, name: &Ident) -> bool {
    fn occurs(tokens: TokenStream, name: &Ident) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == *name,
            TokenTree::Group(group) => occurs(group.stream(), name),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
    }
    occurs(syntax.to_token_stream(), name)
}

/// Types of the standard library that are certainly no trees.
fn is_plain(ty: &Type) -> bool {
    const PLAIN: [&str; 18] = [
        "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize",
        "bool", "char", "str", "String",
    ];
    match ty {
        Type::Path(p) => PLAIN.iter().any(|name| p.path.is_ident(name)),
        Type::Reference(_) | Type::BareFn(_) | Type::Ptr(_) => true,
        _ => false,
    }
}

/// A leaf written out, where the parameter was forgotten.
fn is_leaf(ty: &Type) -> bool {
    matches!(ty, Type::Path(p) if p.path.is_ident("Array") || p.path.is_ident("Val"))
}

/// The type as a user writes it, as far as tokens tell.
fn spelled(ty: &Type) -> String {
    let text = ty.to_token_stream().to_string();
    text.replace(" :: ", "::").replace("& ", "&").replace("' ", "'")
}

/// The place of a field, for messages about its type; names are resolved where the derive stands.
pub(crate) fn span_of(field: &Field) -> Span {
    Span::call_site().located_at(field.ty.span())
}
