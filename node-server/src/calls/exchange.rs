//! Files on the connections of calls: what the core of transfers wants said goes out here, behind
//! the lines of chat.

use files::disk::Job;
use files::transfers::Output;
use hallway::time::Millis;

use super::Calls;
use super::conversation::Stage;
use crate::desk::Desk;
use crate::notice::{CallId, Notice};

impl Calls {
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

    /// Does what the core of transfers has decided in this turn.
    pub(crate) fn exchange(&mut self, now: Millis, desk: &mut Desk) {
        desk.files.tick(now);
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
