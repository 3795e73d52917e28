use super::*;
use crate::cluster::{Connector, Identity, in_memory};

#[tokio::test]
async fn who_slept_over_its_lease_writes_nothing_more_although_nobody_told_it() {
    let nowhere: Connector = Arc::new(|| Box::pin(std::future::pending()));
    let timing = LockTiming { trusted: Duration::from_millis(1), ..LockTiming::default() };
    // The clock runs on while a machine sleeps, and nothing was renewed meanwhile.
    let held = Held {
        cluster: in_memory(nowhere, Identity::default()),
        id: ObjectId::new("coordination.k8s.io", "Lease", "a", "slipway-b"),
        manager: "slipway:a/b".into(),
        holder: Holder::me().to_string(),
        timing,
        renewed: AtomicU64::new(boot_clock()),
        lost: watch::Sender::new(None),
    };
    held.renewed.store(boot_clock() + 1_000, Ordering::Release);
    held.check().unwrap();
    held.renewed.store(0, Ordering::Release);
    let lost = held.check().unwrap_err();
    assert_eq!(lost.kind, FailureKind::Refused);
    assert!(lost.to_string().contains("could not be renewed for"), "{lost}");
}
