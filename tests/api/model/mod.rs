//! Random customers, staff and clock against a small reference model: after every step the running
//! server and the model agree on places, seats, reservations and points. `TEST_SEED` repeats
//! a run, `BOXOFFICE_MODEL_CASES` makes it longer.

#![allow(clippy::result_large_err, reason = "a refusal of the model is as large as any answer of it")]

mod accounts;
mod answers;
mod choices;
mod counter;
mod counts;
mod dates;
mod later;
mod requests;
mod tested;
mod tokens;
mod views;
mod words;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use tested::Tested;
use world::World;

/// Runs, steps of each, and how often every refusal must have been reached in all of them.
const CASES: u32 = 60;
const STEPS: std::ops::Range<usize> = 90..130;
const REACHED_MIN: usize = 12;

/// The model as the state machine knows it: a transition is a throw of dice, and `choices.rs` reads it.
struct Model;

impl ReferenceStateMachine for Model {
    type State = World;
    type Transition = u64;

    fn init_state() -> BoxedStrategy<World> {
        (prop::bool::weighted(0.2), prop::bool::weighted(0.25)).prop_map(|(staff, on)| World::new(staff, on)).boxed()
    }

    fn transitions(_: &World) -> BoxedStrategy<u64> {
        any::<u64>().no_shrink().boxed()
    }

    fn apply(mut world: World, roll: &u64) -> World {
        let asked = choices::choose(&world, *roll);
        world.step(asked);
        world
    }
}

impl StateMachineTest for Model {
    type SystemUnderTest = Tested;
    type Reference = Model;

    fn init_test(world: &World) -> Tested {
        Tested::open(world)
    }

    fn apply(mut tested: Tested, world: &World, _: u64) -> Tested {
        tested.step(world);
        tested
    }

    fn check_invariants(tested: &Tested, world: &World) {
        tested.observe(world);
    }

    fn teardown(tested: Tested, world: World) {
        tested.close(&world);
    }
}

/// A program that orders what is due at one moment otherwise, is a millisecond off, counts a
/// limit from memory that a commit has outrun, or forgets one of many states, disagrees with the
/// model after some sequence; proptest shortens it.
#[test]
fn model_agrees_with_the_server_after_every_step() {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let seed = number("TEST_SEED").unwrap_or_else(|| u64::from_le_bytes(boxoffice::ids::random_bytes()));
    let cases = number("BOXOFFICE_MODEL_CASES").map_or(CASES, |cases| cases as u32);
    println!("TEST_SEED={seed} BOXOFFICE_MODEL_CASES={cases}");
    let halves = |seed: u64, cases: u32| {
        std::thread::scope(|scope| {
            for half in 0..2 {
                scope.spawn(move || run(seed.wrapping_add(half), cases / 2));
            }
        });
    };
    halves(seed, cases);
    // What chance has kept away gets a few more chances.
    for more in 1..=5 {
        if counts::too_seldom(REACHED_MIN).is_empty() || cases < CASES {
            break;
        }
        halves(seed.wrapping_add(2 * more), CASES / 6);
    }
    println!("{:#?}", counts::reached());
    let seldom = counts::too_seldom(REACHED_MIN);
    assert!(seldom.is_empty() || cases < CASES, "the choices must be more daring: {seldom:?}");
}

/// One half of the run; its own server waits for the disk while the other computes.
fn run(seed: u64, cases: u32) {
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 120,
        ..Config::default()
    };
    let machine = Model::sequential_strategy(STEPS);
    let ran = TestRunner::new(config.clone()).run(&machine, |(world, rolls, seen)| {
        Model::test_sequential(config.clone(), world, rolls, seen);
        Ok(())
    });
    if let Err(error) = ran {
        let story = error.to_string();
        panic!("with seed {seed}: {}", story.split("minimal failing input").next().unwrap_or(""));
    }
}
