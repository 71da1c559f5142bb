//! How many stand ahead: a Fenwick tree over the places of the line (P. M. Fenwick, "A new data structure for cumulative
//! frequency tables", 1994). A place is taken or not; counting those before it takes as many steps as the line's length
//! has binary digits.

/// The set of taken places.
#[derive(Debug, Default)]
pub struct Ranks {
    /// The place of the first slot.
    base: i64,
    /// `sums[i]` counts the taken slots of the block of `lowest_bit(i + 1)` slots that ends with slot `i`.
    sums: Vec<u32>,
    count: u32,
}

/// Free slots kept before the first place when the line must grow towards the front.
const FRONT_SLACK: i64 = 1_024;

impl Ranks {
    /// The set of these places; none of them twice.
    pub fn of(places: impl IntoIterator<Item = i64>) -> Ranks {
        let mut places: Vec<i64> = places.into_iter().collect();
        places.sort_unstable();
        let mut ranks = Ranks { base: places.first().copied().unwrap_or(0), ..Ranks::default() };
        places.into_iter().for_each(|place| ranks.insert(place));
        ranks
    }

    /// Takes a place that is not taken.
    pub fn insert(&mut self, place: i64) {
        if self.count == 0 {
            self.sums.clear();
            self.base = place;
        } else if place < self.base {
            let front = place - FRONT_SLACK;
            let taken: Vec<i64> = self.iter().collect();
            *self = Ranks { base: front, ..Ranks::default() };
            taken.into_iter().for_each(|taken| self.insert_from_base(taken));
        }
        self.insert_from_base(place);
    }

    fn insert_from_base(&mut self, place: i64) {
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
        (0..self.sums.len())
            .filter(|&slot| self.sum_to(slot + 1) > self.sum_to(slot))
            .map(|slot| self.base + slot as i64)
    }

    /// The first half is dropped once nobody stands there: the line moves on and its memory with it.
    fn forget_front(&mut self) {
        let half = self.sums.len() / 2;
        if half < FRONT_SLACK as usize || self.sum_to(half) > 0 {
            return;
        }
        let taken: Vec<i64> = self.iter().collect();
        *self = Ranks { base: self.base + half as i64, ..Ranks::default() };
        taken.into_iter().for_each(|place| self.insert_from_base(place));
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
        JoinFront,
        Leave(prop::sample::Index),
        Admit,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => Just(Step::Join),
            1 => Just(Step::JoinFront),
            2 => any::<prop::sample::Index>().prop_map(Step::Leave),
            4 => Just(Step::Admit),
        ];
        prop::collection::vec(step, 0..6_000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_ranks_agree_with_a_plain_list(steps in steps(), first in -5_000_i64..5_000) {
            let (mut ranks, mut list) = (Ranks::default(), Vec::<i64>::new());
            let (mut next, mut front) = (first, first - 1);
            for step in steps {
                match step {
                    Step::Join => { ranks.insert(next); list.push(next); next += 1; }
                    Step::JoinFront => { ranks.insert(front); list.insert(0, front); front -= 1; }
                    Step::Leave(index) if !list.is_empty() => ranks.remove(list.remove(index.index(list.len()))),
                    Step::Admit if !list.is_empty() => ranks.remove(list.remove(0)),
                    Step::Leave(_) | Step::Admit => {}
                }
                prop_assert_eq!(ranks.len(), list.len() as u64);
            }
            for (ahead, &place) in list.iter().enumerate() {
                prop_assert_eq!(ranks.count_before(place), ahead as u64);
            }
            prop_assert_eq!(ranks.iter().collect::<Vec<_>>(), list.clone());
            prop_assert_eq!(Ranks::of(list.iter().rev().copied()).iter().collect::<Vec<_>>(), list);
        }
    }

    #[test]
    fn a_line_that_moves_on_forgets_its_front() {
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
