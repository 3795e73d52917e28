//! What goes wrong in a practice cluster.

/// How the cluster behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scenario {
    /// Everything comes up in a few seconds.
    #[default]
    Healthy,
    /// Everything comes up, five times slower.
    Slow,
    /// The images of Deployments cannot be pulled.
    ImageMissing,
    /// The containers of Deployments end at once, again and again.
    CrashLoop,
    /// Claims are never bound.
    VolumeStuck,
    /// The namespace's quota allows no pods of Deployments.
    Quota,
}

impl Scenario {
    /// All, in the order they are offered.
    pub const ALL: [Self; 6] =
        [Self::Healthy, Self::Slow, Self::ImageMissing, Self::CrashLoop, Self::VolumeStuck, Self::Quota];

    /// As `--practice=` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Slow => "slow",
            Self::ImageMissing => "image-missing",
            Self::CrashLoop => "crash-loop",
            Self::VolumeStuck => "volume-stuck",
            Self::Quota => "quota",
        }
    }

    /// The scenario of a name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }
}
