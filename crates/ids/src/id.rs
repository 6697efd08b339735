//! The macro behind every id type.

/// Declares an id type: a UUID that knows what it identifies.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        #[cfg_attr(
            feature = "diesel",
            derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow),
            diesel(sql_type = $crate::sql::Guid)
        )]
        #[serde(transparent)]
        #[schema(value_type = uuid::Uuid)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new id that nobody can guess.
            #[expect(clippy::new_without_default, reason = "two defaults would differ")]
            pub fn new() -> Self {
                Self(uuid::Uuid::new_v4())
            }

            /// The id with these 128 bits.
            pub const fn from_u128(number: u128) -> Self {
                Self(uuid::Uuid::from_u128(number))
            }

            /// The 128 bits themselves.
            pub fn as_uuid(&self) -> &uuid::Uuid {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl values::Field for $name {
            fn read(
                value: &serde_json::Value,
                location: &mut values::Location<'_>,
            ) -> Option<Self> {
                values::read_uuid(value, location)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        #[cfg(feature = "diesel")]
        sql_id!($name);
    };
}

#[cfg(feature = "diesel")]
macro_rules! sql_id {
    ($name:ident) => {
        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<$crate::sql::Guid, DB>
            for $name
        where
            uuid::Uuid: $crate::sql::GuidFrom<DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                $crate::sql::GuidFrom::<DB>::read(bytes).map(Self)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<$crate::sql::Guid, DB> for $name
        where
            uuid::Uuid: $crate::sql::GuidTo<DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, DB>,
            ) -> diesel::serialize::Result {
                $crate::sql::GuidTo::<DB>::write(&self.0, out)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::RoomId;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_spelling_reads_as_the_same_id(bits: u128) {
            let id = RoomId::from_u128(bits);
            let hyphenated = id.to_string();
            let simple = hyphenated.replace('-', "");

            for spelling in [
                hyphenated.to_uppercase(),
                simple.to_uppercase(),
                format!("{{{hyphenated}}}"),
                hyphenated.clone(),
                simple,
            ] {
                prop_assert_eq!(spelling.parse::<RoomId>().unwrap(), id);
            }
            prop_assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{hyphenated}\""));
        }
    }

    #[test]
    fn new_ids_differ() {
        assert_ne!(RoomId::new(), RoomId::new());
    }
}
