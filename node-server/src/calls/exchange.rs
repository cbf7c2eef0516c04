//! Files on the connections of calls: what the core of transfers wants said goes out here, behind
//! the lines of chat.

use files::disk::Job;
use files::transfers::Output;
use hallway::handshake::auth::Peer;
use hallway::limits;
use hallway::time::Millis;

use super::conversation::Stage;
use super::{Call, Calls};
use crate::desk::Desk;
use crate::notice::{CallId, Notice};

impl Calls {
    /// Whether somebody may not connect for files once more: one who knows the password must not
    /// take the places of all others.
    pub(super) fn has_enough_of(&self, peer: &Peer) -> bool {
        let visitors = || {
            let all = self.conversations().map(|(_, each)| each);
            all.filter(|each| each.stage == Stage::Exchanging && !each.ours)
        };
        visitors().count() >= limits::VISITORS_MAX
            || visitors().filter(|each| each.peer.identity == peer.identity).count()
                >= limits::VISITS_MAX
    }

    /// A conversation, or a connection for files, stands from now on.
    pub(super) fn connected(&mut self, now: Millis, id: CallId, desk: &mut Desk) {
        let Some(conversation) = self.conversation(id) else { return };
        let who = conversation.who.clone();
        desk.files.open(now, id.link(), who.fingerprint, &who.label);
        desk.notice(match conversation.stage {
            Stage::Exchanging => Notice::Linked(id, who),
            Stage::Calling { .. } | Stage::Ringing { .. } | Stage::Talking => {
                Notice::Connected(id, who)
            }
        });
    }

    /// Lets the core of transfers say what it has to say in this turn.
    pub(super) fn exchange(&mut self, now: Millis, desk: &mut Desk) {
        desk.files.tick(now);
        self.carry_out(now, desk);
        for (id, call) in &mut self.calls {
            if let Call::Open(visitor) = call
                && visitor.stage == Stage::Exchanging
                && !visitor.ours
            {
                visitor.idle(now, desk.files.is_idle(id.link()));
            }
        }
    }

    /// Does what it has decided.
    pub(super) fn carry_out(&mut self, now: Millis, desk: &mut Desk) {
        while let Some(output) = desk.files.poll() {
            match output {
                Output::Send(link, message) => {
                    if let Some(conversation) = self.conversation(link.into()) {
                        conversation.send_files(now, message);
                    }
                }
                Output::Bulk(link, number, bytes) => {
                    if let Some(conversation) = self.conversation(link.into()) {
                        conversation.send_bulk(now, number, &bytes);
                    }
                }
                Output::Read(job) => desk.job(Job::Read(job)),
                Output::Write(job) => desk.job(Job::Write(job)),
                Output::Index(job) => desk.job(Job::Index(job)),
                Output::News(news) => desk.notice(Notice::Files(news)),
            }
        }
    }
}
