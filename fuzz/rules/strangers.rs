//! A listener, diallers, and somebody between them who can do anything but know the password.
//!
//! The input is a script: connect, deliver, lose, change, replay, make up, let time pass. Nobody is
//! let in, at either end, unless exactly what one end said is what the other heard; and nothing is
//! shown that was not said by who was let in.

use hallway::conn::{ConnId, Lost, NetInput};
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::dialling::{Dialling, Wanted};
use hallway::handshake::stretch::Profile;
use hallway::identity::Identity;
use hallway::limits::{HELLO_WAIT, KE3_WAIT};
use hallway::message::{Addresses, Join, Message, Say, State};
use hallway::record::{DirectionKeys, RecordKind, Sealer};
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::text::{Line, Name};
use hallway::time::Millis;

use super::listener::{Heard, Impostor, Listener, PASSWORD};
use super::script::Script;
use super::wire::{Dialler, Wire};

/// Whether somebody was let in, as they may.
pub fn check(bytes: &[u8]) -> bool {
    let mut script = Script::new(bytes);
    // Seeds of its own for each input: a fuzzer sees what is compared, and would learn the proofs.
    let mut world = World::new(script.byte(), *blake3::hash(bytes).as_bytes());
    for _ in 0..STEPS_MAX {
        if script.is_over() {
            break;
        }
        world.step(&mut script);
    }
    world.pass(HELLO_WAIT);
    world.pass(KE3_WAIT);
    world.pass(HELLO_WAIT);
    world.wires.iter().any(|wire| wire.is_in)
}

/// Steps of one script; a handshake takes four.
const STEPS_MAX: usize = 64;
/// Connections of one script.
const WIRES_MAX: usize = 6;
/// Pieces that the one between remembers.
const POOL_MAX: usize = 64;

struct World {
    listener: Listener,
    impostor: Impostor,
    wires: Vec<Wire>,
    /// Everything that anybody ever said, to be said again.
    pool: Vec<Vec<u8>>,
    now: Millis,
    seeds: Seeds,
}

impl World {
    fn new(choice: u8, seed: [u8; 32]) -> Self {
        let mut seeds = Seeds::new(seed);
        Self {
            listener: Listener::new(choice, *seeds.draw()),
            impostor: Impostor::new(),
            wires: Vec::new(),
            pool: Vec::new(),
            now: Millis(1_000),
            seeds,
        }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        let act = script.below(18);
        if act == 0 || self.wires.is_empty() {
            self.connect(script);
            return;
        }
        let at = script.below(self.wires.len());
        match act {
            1 => self.carry(at, usize::MAX),
            2 => self.carry(at, script.number()),
            3 => self.carry_back(at, usize::MAX),
            4 => self.carry_back(at, script.number()),
            5 => self.wires[at].to_listener.clear(),
            6 => self.wires[at].to_dialler.clear(),
            7 => change(&mut self.wires[at].to_listener, script),
            8 => change(&mut self.wires[at].to_dialler, script),
            9 => {
                let piece = self.again(script);
                splice(&mut self.wires[at].to_listener, &piece, script);
            }
            10 => {
                let piece = self.again(script);
                splice(&mut self.wires[at].to_dialler, &piece, script);
            }
            11 => {
                let len = script.below(100);
                let piece = script.take(len).to_vec();
                splice(&mut self.wires[at].to_listener, &piece, script);
            }
            12 => self.pass(Millis([1, 100, 2_999, 3_000, 10_000, 20_000][script.below(6)])),
            13 => self.hang_up(at),
            14 => self.say(at, script),
            15 => self.make_up(at, script),
            16 => self.answer_falsely(at, script),
            _ => self.talk(at),
        }
    }

    /// Somebody dials: with the password or a wrong one, for this service or the other.
    fn connect(&mut self, script: &mut Script<'_>) {
        if self.wires.len() >= WIRES_MAX {
            return;
        }
        let number = self.wires.len() as u8;
        let knows_password = script.below(2) == 0;
        let is_right_service = script.below(8) != 7;
        let service = self.listener.service(is_right_service);
        let key = script.below(3) as u8 + 10;
        let me = Me {
            name: Name::parse("ann").expect("a name").numbered(u32::from(key)),
            identity: Identity::from_seed(&[key; 32]),
            instance: Instance([key; 8]),
        };
        let wanted = Wanted {
            service,
            password: Secret::new(if knows_password { PASSWORD } else { "wrong horse" })
                .expect("a password"),
            identity: (script.below(4) == 3).then(|| self.listener.identity()),
            profile: Profile::Test,
        };
        let start = Dialling::start(wanted, self.now, &mut self.seeds);
        let (dialling, hello) = start.expect("a short password");
        let (conn, from) = (ConnId(u64::from(number)), ([10, 0, 0, number], 40_000).into());
        let knows = knows_password && is_right_service;
        let mut wire = Wire::new(conn, from, me, self.now, knows, dialling);
        wire.say(&hello);
        self.remember(&hello);
        self.wires.push(wire);
        self.listener.net(self.now, conn, NetInput::Opened { from });
        self.listen();
    }

    fn carry(&mut self, at: usize, count: usize) {
        let wire = &mut self.wires[at];
        let count = count.min(wire.to_listener.len());
        let bytes: Vec<u8> = wire.to_listener.drain(..count).collect();
        if wire.is_over || wire.has_hung_up || bytes.is_empty() {
            return;
        }
        wire.heard.extend(&bytes);
        self.listener.net(self.now, wire.conn, NetInput::Received(&bytes));
        self.listen();
    }

    fn carry_back(&mut self, at: usize, count: usize) {
        let (now, seeds) = (self.now, &mut self.seeds);
        let wire = &mut self.wires[at];
        let count = count.min(wire.to_dialler.len());
        let bytes: Vec<u8> = wire.to_dialler.drain(..count).collect();
        if bytes.is_empty() {
            return;
        }
        wire.heard_back.extend(&bytes);
        if let Some(proof) = wire.receive(&bytes, now, seeds) {
            self.remember(&proof);
        }
    }

    /// Takes in all that the listener does.
    fn listen(&mut self) {
        for heard in self.listener.turn(self.now) {
            match heard {
                Heard::Sent(conn, bytes) => {
                    let wire = self.wire(conn);
                    wire.hears_from_listener(&bytes);
                    self.remember(&bytes);
                }
                Heard::Ended(conn) => {
                    let wire = self.wire(conn);
                    assert!(!wire.is_over, "ended twice");
                    wire.is_over = true;
                }
                Heard::Met(from, name, print) => {
                    let wire = self.wires.iter().find(|wire| wire.from == from).expect("a wire");
                    assert!(wire.is_in, "shown before it was let in");
                    assert_eq!(name, wire.me.name.as_str());
                    let mine = wire.me.identity.public().fingerprint();
                    assert!(print.is_none_or(|print| print == mine), "somebody else is shown");
                }
                Heard::Line(from, line) => {
                    let mut wires = self.wires.iter_mut();
                    let wire = wires.find(|wire| wire.from == from).expect("a wire");
                    assert!(wire.is_in, "a line of nobody");
                    assert_eq!(wire.lines.get(wire.shown), Some(&line), "what was said, in order");
                    wire.shown += 1;
                }
            }
        }
        let members = self.listener.members();
        assert!(members <= self.wires.iter().filter(|wire| wire.is_in).count());
    }

    fn wire(&mut self, conn: ConnId) -> &mut Wire {
        self.wires.iter_mut().find(|wire| wire.conn == conn).expect("a wire")
    }

    fn remember(&mut self, bytes: &[u8]) {
        if self.pool.len() < POOL_MAX {
            self.pool.push(bytes.to_vec());
        }
    }

    /// Something that was said before, whole or a part of it.
    fn again(&self, script: &mut Script<'_>) -> Vec<u8> {
        let piece = self.pool.get(script.below(self.pool.len())).cloned().unwrap_or_default();
        match script.below(4) {
            0 => piece[..script.place(piece.len())].to_vec(),
            1 => piece[script.place(piece.len())..].to_vec(),
            _ => piece,
        }
    }

    /// Time passes; nobody stays unknown for long.
    fn pass(&mut self, span: Millis) {
        self.now = self.now + span;
        self.listen();
        let now = self.now;
        for wire in &mut self.wires {
            let is_late = wire.opened + HELLO_WAIT + KE3_WAIT <= now;
            let is_known = wire.is_in || wire.is_over || wire.has_hung_up;
            assert!(is_known || !is_late, "nobody waits for ever");
            // Whoever dials gives up by itself.
            if let Dialler::Waiting(dialling) = &wire.dialler
                && dialling.deadline().is_some_and(|until| until <= now)
            {
                wire.dialler = Dialler::Gone;
            }
        }
    }

    fn hang_up(&mut self, at: usize) {
        let wire = &mut self.wires[at];
        wire.dialler = Dialler::Gone;
        if !wire.is_over && !wire.has_hung_up {
            wire.has_hung_up = true;
            self.listener.net(self.now, wire.conn, NetInput::Closed(Lost::Ended));
            self.listen();
        }
    }

    /// The dialler says something, once the channel is open.
    fn say(&mut self, at: usize, script: &mut Script<'_>) {
        let now = self.now;
        let wire = &mut self.wires[at];
        let message = message(script, wire.lines.len());
        let Dialler::Open(channel) = &mut wire.dialler else { return };
        if let Message::Say(say) = &message {
            wire.lines.push(say.line.clone());
        }
        let mut bytes = Vec::new();
        channel.send(now, &message, &mut bytes).expect("a short message");
        wire.say(&bytes);
    }

    /// A record as somebody would seal it who has no keys.
    fn make_up(&mut self, at: usize, script: &mut Script<'_>) {
        let mut sealer = Sealer::new(DirectionKeys::new([0; 32], [0; 32]), self.now);
        let mut bytes = vec![script.byte(); [0, 64][script.below(2)]];
        let payload = message(script, 0).encode();
        let sealed = sealer.seal(self.now, RecordKind::Message, &payload, &mut bytes);
        sealed.expect("a short message");
        let wire = &mut self.wires[at];
        let to = if script.below(2) == 0 { &mut wire.to_listener } else { &mut wire.to_dialler };
        to.extend(bytes);
    }

    /// Somebody answers in the listener's place who does not know the password, maybe in its name.
    fn answer_falsely(&mut self, at: usize, script: &mut Script<'_>) {
        let wire = &mut self.wires[at];
        let identity = (script.below(2) == 0).then(|| self.listener.identity());
        let service = self.listener.service(true);
        let said = if script.below(4) == 0 { wire.to_listener.clone() } else { wire.said.clone() };
        let answer = self.impostor.answer(self.now, service, &said, identity);
        wire.to_dialler.extend(&answer);
        self.remember(&answer);
    }

    /// Everything arrives, until nobody has anything to say.
    fn talk(&mut self, at: usize) {
        for _ in 0..4 {
            self.carry(at, usize::MAX);
            self.carry_back(at, usize::MAX);
        }
    }
}

/// Changes one bit.
fn change(bytes: &mut [u8], script: &mut Script<'_>) {
    let at = script.place(bytes.len());
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << script.below(8);
    }
}

/// Puts `piece` in front of `bytes`, behind them, or in their place.
fn splice(bytes: &mut Vec<u8>, piece: &[u8], script: &mut Script<'_>) {
    match script.below(3) {
        0 => drop(bytes.splice(..0, piece.iter().copied())),
        1 => bytes.extend(piece),
        _ => *bytes = piece.to_vec(),
    }
}

/// A message of some kind, in its turn or not.
fn message(script: &mut Script<'_>, said: usize) -> Message {
    let line = Line::split(&format!("line {said}")).remove(0);
    match script.below(10) {
        0 => Message::Join(Join {
            port: 5460,
            addresses: Addresses::default(),
            state: State::Available,
        }),
        1 => Message::Watch,
        2 => Message::State(State::InChat),
        3 => Message::Accepted,
        4 => Message::Shown(script.byte().into()),
        5 => Message::Changes(Vec::new()),
        6 => Message::Notice(line),
        7 => Message::Skipped,
        _ => Message::Say(Say { number: said as u64 + 1, line }),
    }
}
