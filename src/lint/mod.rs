//! Is the product sound? Judged before any cluster is seen (language.md, "Lint").
//!
//! | Part | What it is |
//! |---|---|
//! | [`schema`] | checks a rendered object against the Kubernetes schema of every supported minor version |

pub mod schema;
