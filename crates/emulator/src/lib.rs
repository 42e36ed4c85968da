//! A CI identity provider for laptops and tests.
