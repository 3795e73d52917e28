//! Many pieces of work of one kind, on every core; what comes out is in the order of what went in.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

/// More threads than this gain nothing: what a product renders is worked through before they have all begun.
const AT_MOST: usize = 8;

/// What each item comes to, in their order.
pub(super) fn each<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(AT_MOST).min(items.len());
    if threads < 2 {
        return items.into_iter().map(work).collect();
    }
    let left = Mutex::new(items.into_iter().enumerate());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let one = || {
        let mut done = Vec::new();
        while let Some((number, item)) = next() {
            done.push((number, work(item)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(one)).collect();
        let mut done = one();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn what_comes_out_is_in_the_order_of_what_went_in() {
        let squares = each((0..1_000_u64).collect(), |number| number * number);
        assert_eq!(squares, (0..1_000).map(|number| number * number).collect::<Vec<u64>>());
        assert_eq!(each(Vec::<u8>::new(), |number| number), Vec::<u8>::new());
        assert_eq!(each(vec![7], |number| number + 1), [8]);
    }
}
