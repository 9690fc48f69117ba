//! What a rebalance costs, counted: members looked at and members changed.

use super::draft::visits;
use super::group::State;
use super::house_test::House;

/// Everybody joins an empty group, and everybody syncs.
fn members_touched(count: u64) -> u64 {
    let mut house = House::new();
    visits::take();
    house.soft_changes = 0;
    let ids: Vec<String> = (0..count)
        .map(|_| {
            let mut member = house.member("", &["range", "sticky"]);
            member.fresh.0 = u128::from(house.answers.len() as u64).to_be_bytes();
            let given = house.join(member);
            let id = house.given_id(given);
            let member = house.member(&id, &["range", "sticky"]);
            house.join(member);
            id.to_string()
        })
        .collect();
    house.sleep(7_000);
    for id in ids.iter().rev() {
        house.sync(id, 1, &[]);
    }
    assert_eq!(house.group().unwrap().head.state, State::Stable);
    assert_eq!(house.group().unwrap().tally().members, count as i64);
    visits::take() + house.soft_changes
}

#[test]
fn a_rebalance_costs_what_its_members_are_not_their_square() {
    let (few, many) = (members_touched(500), members_touched(5_000));
    assert!(many <= few * 11, "{few} for 500 members, {many} for 5,000");
    assert!(many <= 5_000 * 30, "{many} for 5,000 members");
}
