//! What is known about one thing: a value, its absence, or why neither can be said.

/// `Unknown` is an answer: a rule that needs the value stays silent and the report says what was not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    /// The value, certain from what was seen.
    Yes(T),
    /// Certainly absent.
    No,
    /// It cannot be told from what was seen; the text finishes the sentence "not known, because …".
    Unknown(String),
}

impl<T> Known<T> {
    /// Not known, because of `reason`.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(reason.into())
    }

    /// The value where it is certain.
    pub fn yes(&self) -> Option<&T> {
        match self {
            Self::Yes(value) => Some(value),
            Self::No | Self::Unknown(_) => None,
        }
    }

    /// True only when the value is certainly absent.
    pub fn is_no(&self) -> bool {
        matches!(self, Self::No)
    }

    /// True when neither presence nor absence can be told.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Applies `change` to a certain value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Yes(value) => Known::Yes(change(value)),
            Self::No => Known::No,
            Self::Unknown(reason) => Known::Unknown(reason),
        }
    }

    /// The same knowledge, borrowed.
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Yes(value) => Known::Yes(value),
            Self::No => Known::No,
            Self::Unknown(reason) => Known::Unknown(reason.clone()),
        }
    }
}

impl<T> From<Option<T>> for Known<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::No, Self::Yes)
    }
}
