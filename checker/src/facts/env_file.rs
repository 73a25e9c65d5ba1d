//! `.env` files: the names they set, never the values.
