//! How a quirk is written on the command line, and the macro that makes the table of them.

/// How a quirk is asked for.
#[derive(Debug)]
pub struct Named<Q> {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it does, in a line.
    pub description: &'static str,
    /// `None` where it takes no value.
    pub(super) takes: Option<Takes>,
    /// The quirk with this value, which one that takes none ignores; `None` where it is too large.
    pub(super) make: fn(u32) -> Option<Q>,
}

/// What follows a quirk's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Address,
    Number,
    /// A number of bytes, not 0.
    Bytes,
    /// A number of bytes.
    Size,
}

impl<Q> Named<Q> {
    /// How it is written, with what it takes: `write-protected=ADDRESS`.
    pub fn usage(&self) -> String {
        let value = match self.takes {
            None => return self.name.to_owned(),
            Some(Takes::Address) => "ADDRESS",
            Some(Takes::Number) => "N",
            Some(Takes::Bytes | Takes::Size) => "SIZE",
        };
        format!("{}={value}", self.name)
    }

    /// The quirk, with the value that was written after its name; `None` where it takes another, or none.
    pub fn read(&self, value: Option<&str>) -> Option<Q> {
        match (self.takes, value) {
            (None, None) => (self.make)(0),
            (Some(takes), Some(text)) => {
                let value = number(text).filter(|value| *value > 0 || takes != Takes::Bytes)?;
                (self.make)(value)
            }
            _ => None,
        }
    }
}

/// A number, decimal or hexadecimal after `0x`.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// From each entry, which is `Variant(type, what it takes) = "name", "description";`, a variant of `Quirk` and a
/// line of `QUIRKS`.
macro_rules! quirks {
    ($($(#[$doc:meta])* $quirk:ident $(($type:ty, $takes:ident))? = $name:literal, $description:literal;)*) => {
        /// One behaviour. Where two contradict each other, the later one counts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Quirk {
            $($(#[$doc])* $quirk $(($type))?,)*
        }

        /// How a quirk is asked for.
        pub type QuirkName = Named<Quirk>;

        /// Every quirk there is.
        pub static QUIRKS: &[QuirkName] = &[
            $(Named {
                name: $name,
                description: $description,
                takes: quirks!(@takes $($takes)?),
                make: quirks!(@make $quirk $($type)?),
            },)*
        ];

        impl Quirk {
            /// What it takes, where it takes something.
            pub(super) fn value(self) -> Option<u32> {
                match self {
                    $(quirks!(@pattern $quirk value $($type)?) => quirks!(@value value $($type)?),)*
                }
            }
        }
    };
    (@takes) => { None };
    (@takes $takes:ident) => { Some(Takes::$takes) };
    (@make $quirk:ident) => { |_| Some(Quirk::$quirk) };
    (@make $quirk:ident $type:ty) => { |value| <$type>::try_from(value).ok().map(Quirk::$quirk) };
    (@pattern $quirk:ident $value:ident) => { Quirk::$quirk };
    (@pattern $quirk:ident $value:ident $type:ty) => { Quirk::$quirk($value) };
    (@value $value:ident) => { None };
    (@value $value:ident $type:ty) => { Some(u32::from($value)) };
}

pub(super) use quirks;
