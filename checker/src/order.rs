//! Sorting with one copy of the sort for all types: `slice::sort_by` brings three kilobytes of WebAssembly for each.

use std::cmp::Ordering;
use std::mem::take;

/// Sorts as `slice::sort_by` does: what is equal stays in its order.
pub fn sort_by<T>(list: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    if list.len() < 2 {
        return;
    }
    let mut order: Vec<usize> = (0..list.len()).collect();
    indices(&mut order, &|one, other| compare(&list[one], &list[other]));
    let mut items: Vec<Option<T>> = take(list).into_iter().map(Some).collect();
    list.extend(order.into_iter().filter_map(|at| items[at].take()));
}

/// Sorts as `slice::sort_by_key` does.
pub fn sort_by_key<T, K: Ord>(list: &mut Vec<T>, key: impl Fn(&T) -> K) {
    sort_by(list, |one, other| key(one).cmp(&key(other)));
}

#[inline(never)]
fn indices(order: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    order.sort_by(|one, other| compare(*one, *other));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_stays_in_its_order() {
        let mut list: Vec<(u8, char)> = vec![(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd'), (1, 'e')];
        sort_by_key(&mut list, |(number, _)| *number);
        assert_eq!(list.iter().map(|(_, char)| *char).collect::<String>(), "dbeac");
        sort_by_key(&mut list, |(number, _)| std::cmp::Reverse(*number));
        assert_eq!(list.iter().map(|(_, char)| *char).collect::<String>(), "acbed");
    }
}
