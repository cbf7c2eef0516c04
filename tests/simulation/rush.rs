//! Two people in a hurry: they call each other at once, speak before the other has heard, and call
//! again when the line breaks. Menus are too slow for that, so they give their nodes the commands.

use std::collections::BTreeMap;

use hallway::limits;
use hallway::text::Line;
use node_server::node::Command;
use node_server::notice::CallId;

use crate::host::HostId;
use crate::world::{Event, World};

impl World {
    /// Two people begin to hurry.
    pub fn rush(&mut self) {
        if self.healed {
            return;
        }
        let wait = 1 + self.dice.below(self.swarm.until / 6);
        self.plan(self.now + wait, Event::Rush);
        let people = self.people();
        if people.len() < 2 {
            return;
        }
        let one = people[self.dice.index(people.len())];
        let two = people[self.dice.index(people.len())];
        let span = 3_000 + 30 * self.swarm.delay;
        for (me, you) in [(one, two), (two, one), (one, two)] {
            if self.dice.chance(700) {
                let at = self.now + self.dice.below(10 * self.swarm.delay);
                self.plan(at, Event::Dial(me, you));
            }
        }
        for _ in 0..self.dice.between(4, 16) {
            let at = self.now + self.dice.below(3 * span);
            let who = *self.dice.pick(&[&one, &two]);
            self.plan(at, Event::Burst(who));
        }
        if self.swarm.faults.resets {
            let at = self.now + self.dice.below(3 * span);
            self.plan(at, Event::Snap(one, two));
            let again = at + self.dice.below(span);
            self.plan(again, Event::Dial(one, two));
            let at_once = again + self.dice.below(3);
            self.plan(at_once, Event::Dial(two, one));
        }
    }

    pub fn dial(&mut self, me: HostId, you: HostId) {
        if !self.healed && self.hosts[me].node().is_some() {
            if self.dice.chance(250) {
                let callee = self.callee(you);
                self.order(me, Command::Link(callee));
            } else {
                self.call(me, you);
            }
        }
    }

    /// Takes every call, says a few lines at once in every conversation, or ends one.
    pub fn burst(&mut self, me: HostId) {
        if self.healed {
            return;
        }
        self.take_calls(me);
        if self.dice.chance(500) {
            self.take_offers(me);
        }
        for link in self.links(me) {
            self.give_and_take(me, link);
            if self.dice.chance(300) {
                self.order(me, Command::Finish(link));
            }
        }
        for call in self.newest_calls(me) {
            match self.dice.below(12) {
                _ if self.dice.chance(5) => self.lecture(me, call),
                0 => self.order(me, Command::HangUp(call)),
                1 => self.order(me, Command::Finish(call)),
                2 | 3 => self.give_and_take(me, call),
                _ => self.say_much(me, call),
            }
        }
    }

    /// The newest conversation with each person: that is where one goes on speaking.
    fn newest_calls(&self, me: HostId) -> Vec<CallId> {
        let node = self.hosts[me].node();
        let all = node.into_iter().flat_map(|node| node.talking());
        let newest: BTreeMap<String, CallId> =
            all.map(|(call, who)| (who.fingerprint.to_string(), call)).collect();
        newest.into_values().collect()
    }

    fn say_much(&mut self, me: HostId, call: CallId) {
        for _ in 0..self.dice.between(1, 5) {
            let text = self.text(me);
            self.order(me, Command::Say(call, Line::split(&text)));
        }
    }

    /// Says more at once than can wait for its confirmation.
    fn lecture(&mut self, me: HostId, call: CallId) {
        self.rules.tally.count("lectures");
        for _ in 0..limits::UNCONFIRMED_LINES_MAX + 200 {
            let text = self.short_text(me);
            self.order(me, Command::Say(call, Line::split(&text)));
        }
    }

    /// The connections between two break, in the middle of whatever they carry.
    pub fn snap(&mut self, one: HostId, two: HostId) {
        for pipe in self.live.clone() {
            let hosts = self.pipes[pipe].ends.each_ref().map(|end| end.host);
            if !self.healed && (hosts == [one, two] || hosts == [two, one]) {
                let notice = [self.dice.below(50), self.dice.below(50)];
                self.break_pipe(pipe, notice);
            }
        }
    }
}
