//! How many stand ahead: a Fenwick tree over the places of the line (P. M. Fenwick, "A new data structure
//! for cumulative frequency tables", 1994). A place is taken or not; counting those before it takes as
//! many steps as the line's length has binary digits.

/// The set of taken places.
#[derive(Debug, Default)]
pub struct Ranks {
    /// The place of the first slot.
    base: i64,
    /// `sums[i]` counts the taken slots of the block of `lowest_bit(i + 1)` slots that ends with slot `i`.
    sums: Vec<u32>,
    count: u32,
}

/// Sets with fewer slots are not worth moving on.
const SMALL: usize = 2_048;

impl Ranks {
    /// The set of these places, none of them twice, in a time that grows with their span alone.
    pub fn of(places: Vec<i64>) -> Ranks {
        Ranks::with_room(places, 0)
    }

    /// The set of these places, with so many slots before the first of them.
    fn with_room(places: Vec<i64>, room: usize) -> Ranks {
        let (Some(&first), Some(&last)) = (places.iter().min(), places.iter().max()) else { return Ranks::default() };
        let base = first - room as i64;
        let mut ranks = Ranks { base, sums: Vec::new(), count: places.len() as u32 };
        ranks.sums.resize(ranks.slot(last) + 1, 0);
        for place in places {
            let slot = ranks.slot(place);
            ranks.sums[slot] = 1;
        }
        // Each block hands its sum on to the block that it is part of.
        for end in 1..=ranks.sums.len() {
            let whole = end + lowest_bit(end);
            if whole <= ranks.sums.len() {
                ranks.sums[whole - 1] += ranks.sums[end - 1];
            }
        }
        ranks
    }

    /// Takes a place that is not taken. One before all that ever were makes room for as many more as a quarter of the
    /// span, so that many of them do not move the set each time.
    pub fn insert(&mut self, place: i64) {
        if self.count == 0 {
            self.sums.clear();
            self.base = place;
        }
        if place < self.base {
            let places = self.iter().chain([place]).collect();
            *self = Ranks::with_room(places, self.sums.len() / 4);
            return;
        }
        let slot = self.slot(place);
        while self.sums.len() <= slot {
            let end = self.sums.len() + 1;
            let from = end - lowest_bit(end);
            let sum = self.sum_to(self.sums.len()) - self.sum_to(from);
            self.sums.push(sum);
        }
        let mut end = slot + 1;
        while end <= self.sums.len() {
            self.sums[end - 1] += 1;
            end += lowest_bit(end);
        }
        self.count += 1;
    }

    /// Frees a place that is taken.
    pub fn remove(&mut self, place: i64) {
        let mut end = self.slot(place) + 1;
        while end <= self.sums.len() {
            self.sums[end - 1] -= 1;
            end += lowest_bit(end);
        }
        self.count -= 1;
        self.forget_front();
    }

    /// How many taken places are before this one.
    pub fn count_before(&self, place: i64) -> u64 {
        if place <= self.base {
            return 0;
        }
        u64::from(self.sum_to(self.slot(place).min(self.sums.len())))
    }

    /// How many places are taken.
    pub fn len(&self) -> u64 {
        u64::from(self.count)
    }

    /// The taken places in order.
    fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        let alone = |end: usize| {
            // What a block counts without the blocks that it is made of is its own last slot.
            let parts = std::iter::successors(Some(end - 1), |&part| Some(part - lowest_bit(part)));
            let parts = parts.take_while(|&part| part > end - lowest_bit(end));
            self.sums[end - 1] - parts.map(|part| self.sums[part - 1]).sum::<u32>()
        };
        (1..=self.sums.len()).filter(move |&end| alone(end) == 1).map(|end| self.base + end as i64 - 1)
    }

    /// The first half is dropped once nobody stands there: the line moves on and its memory with it.
    fn forget_front(&mut self) {
        let half = self.sums.len() / 2;
        if self.sums.len() < SMALL || self.sum_to(half) > 0 {
            return;
        }
        *self = Ranks::of(self.iter().collect());
    }

    fn slot(&self, place: i64) -> usize {
        usize::try_from(place - self.base).unwrap_or(0)
    }

    /// Taken slots among the first `end`.
    fn sum_to(&self, mut end: usize) -> u32 {
        let mut sum = 0;
        while end > 0 {
            sum += self.sums[end - 1];
            end -= lowest_bit(end);
        }
        sum
    }
}

fn lowest_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Join,
        Leave(prop::sample::Index),
        Admit,
        /// Who left or was let in takes the old place again.
        Return(prop::sample::Index),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => Just(Step::Join),
            2 => any::<prop::sample::Index>().prop_map(Step::Leave),
            4 => Just(Step::Admit),
            1 => any::<prop::sample::Index>().prop_map(Step::Return),
        ];
        prop::collection::vec(step, 0..6_000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn ranks_agree_with_a_plain_list(steps in steps(), first in -5_000_i64..5_000) {
            let (mut ranks, mut list) = (Ranks::default(), Vec::<i64>::new());
            let (mut next, mut gone) = (first, Vec::<i64>::new());
            for step in steps {
                match step {
                    Step::Join => { ranks.insert(next); list.push(next); next += 1 + next.rem_euclid(3); }
                    Step::Leave(_) | Step::Admit if !list.is_empty() => {
                        let at = if let Step::Leave(index) = step { index.index(list.len()) } else { 0 };
                        gone.push(list.remove(at));
                        gone.last().into_iter().for_each(|&place| ranks.remove(place));
                    }
                    Step::Return(index) if !gone.is_empty() => {
                        let place = gone.remove(index.index(gone.len()));
                        ranks.insert(place);
                        list.insert(list.partition_point(|&other| other < place), place);
                    }
                    Step::Leave(_) | Step::Admit | Step::Return(_) => {}
                }
                prop_assert_eq!(ranks.len(), list.len() as u64);
            }
            for (ahead, &place) in list.iter().enumerate() {
                prop_assert_eq!(ranks.count_before(place), ahead as u64);
            }
            prop_assert_eq!(ranks.iter().collect::<Vec<_>>(), list.clone());
            prop_assert_eq!(Ranks::of(list.iter().rev().copied().collect()).iter().collect::<Vec<_>>(), list);
        }
    }

    #[test]
    fn line_that_moves_on_forgets_its_front() {
        let mut ranks = Ranks::default();
        for place in 0..1_000_000 {
            ranks.insert(place);
            if place >= 100 {
                ranks.remove(place - 100);
            }
        }
        assert_eq!(ranks.len(), 100);
        assert!(ranks.sums.len() < 10_000, "{}", ranks.sums.len());
    }
}
