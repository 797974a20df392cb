//! Operations of services: theirs and ours.

use Kind::{Always, Date, Fixed, Ids, List, Value};

/// How a parameter is carried over.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// As it is.
    Value,
    /// A list, there perhaps a text with commas.
    List,
    /// A moment.
    Date,
    /// Always this.
    Fixed(&'static str),
    /// Always this, which is no text.
    Always(&'static str),
    /// Names and values in a list of `{ NAME, VALUE }`.
    Ids(&'static str, &'static str),
}

/// What comes out.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// The service's own object.
    Plain,
    /// An object of which these fields are known: theirs, ours.
    Fields(&'static [(&'static str, &'static str)]),
    /// A list.
    Items,
}

/// An operation there and here.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The type of the node.
    pub kind: &'static str,
    /// Its resource; the first row of a type is what is meant where nothing is said.
    pub resource: &'static str,
    /// Its operation.
    pub operation: &'static str,
    /// Ours.
    pub ours: &'static str,
    /// Parameters: where they stand there (`|` parts places), what they are called here (`!` has to be there).
    pub params: &'static [(&'static str, &'static str, Kind)],
    /// What comes out.
    pub answer: Answer,
}

const fn row(
    kind: &'static str,
    resource: &'static str,
    operation: &'static str,
    ours: &'static str,
    params: &'static [(&'static str, &'static str, Kind)],
    answer: Answer,
) -> Operation {
    Operation { kind, resource, operation, ours, params, answer }
}

const SENT: Answer = Answer::Fields(&[("ts", "ts"), ("channel", "channel"), ("message_timestamp", "ts"), ("id", "ts")]);
const ISSUE: Answer = Answer::Fields(&[("id", "id"), ("key", "key"), ("self", "url")]);
const FILE: Answer =
    Answer::Fields(&[("id", "id"), ("name", "name"), ("mimeType", "mimeType"), ("webViewLink", "webViewLink")]);
const ID: Answer = Answer::Fields(&[("id", "id")]);
const GID: Answer = Answer::Fields(&[("gid", "gid"), ("id", "gid")]);

/// The operations that are known.
pub const OPERATIONS: [Operation; 66] = [
    row(
        "slack",
        "message",
        "post",
        "slack.post_message",
        &[
            ("channelId|channel|user|userId", "channel!", Value),
            ("text", "text", Value),
            ("blocksUi", "blocks", Value),
            ("otherOptions.thread_ts.replyValues.thread_ts", "thread_ts", Value),
        ],
        SENT,
    ),
    row(
        "slack",
        "message",
        "update",
        "slack.update_message",
        &[("channelId|channel", "channel!", Value), ("ts", "ts!", Value), ("text", "text", Value)],
        SENT,
    ),
    row(
        "slack",
        "message",
        "delete",
        "slack.delete_message",
        &[("channelId|channel", "channel!", Value), ("timestamp|ts", "ts!", Value)],
        SENT,
    ),
    row(
        "slack",
        "reaction",
        "add",
        "slack.add_reaction",
        &[("channelId|channel", "channel!", Value), ("timestamp", "ts!", Value), ("name", "name!", Value)],
        Answer::Fields(&[("ok", "ok")]),
    ),
    row("slack", "channel", "create", "slack.create_channel", &[("channelId|channel", "name!", Value)], ID),
    row("slack", "channel", "getAll", "slack.list_channels", &[], Answer::Items),
    row("slack", "channel", "history", "slack.history", &[("channelId|channel", "channel!", Value)], Answer::Items),
    row(
        "slack",
        "user",
        "info",
        "slack.get_user",
        &[("user", "user!", Value)],
        Answer::Fields(&[("id", "id"), ("name", "name"), ("real_name", "real_name")]),
    ),
    row("slack", "user", "getAll", "slack.list_users", &[], Answer::Items),
    row(
        "emailSend",
        "email",
        "send",
        "email.send",
        &[
            ("toEmail", "to!", Value),
            ("subject", "subject!", Value),
            ("fromEmail", "from", Value),
            ("ccEmail|options.ccEmail", "cc", Value),
            ("bccEmail|options.bccEmail", "bcc", Value),
            ("options.replyTo|replyTo", "reply_to", Value),
            ("text", "text", Value),
            ("html", "html", Value),
        ],
        Answer::Fields(&[("messageId", "message_id"), ("accepted", "accepted")]),
    ),
    row(
        "gmail",
        "message",
        "send",
        "email.send",
        &[
            ("sendTo|toList", "to!", Value),
            ("subject", "subject!", Value),
            ("options.ccList", "cc", Value),
            ("options.bccList", "bcc", Value),
            ("message", "html", Value),
        ],
        Answer::Fields(&[("id", "message_id")]),
    ),
    row(
        "googleDrive",
        "file",
        "upload",
        "google_drive.upload",
        &[
            ("inputDataFieldName|binaryPropertyName", "path!", Value),
            ("name", "name", Value),
            ("folderId", "folder", Value),
        ],
        FILE,
    ),
    row(
        "googleDrive",
        "file",
        "createFromText",
        "google_drive.create_text",
        &[("name", "name!", Value), ("content", "content!", Value), ("folderId", "folder", Value)],
        FILE,
    ),
    row(
        "googleDrive",
        "file",
        "copy",
        "google_drive.copy_file",
        &[("fileId", "id!", Value), ("name", "name", Value), ("folderId", "folder", Value)],
        FILE,
    ),
    row(
        "googleDrive",
        "file",
        "move",
        "google_drive.move_file",
        &[("fileId", "id!", Value), ("folderId", "to!", Value)],
        FILE,
    ),
    row("googleDrive", "file", "deleteFile", "google_drive.delete_file", &[("fileId", "id!", Value)], Answer::Plain),
    row(
        "googleDrive",
        "folder",
        "create",
        "google_drive.create_folder",
        &[("name", "name!", Value), ("folderId", "folder", Value)],
        FILE,
    ),
    row(
        "googleCalendar",
        "event",
        "create",
        "google_calendar.create_event",
        &[
            ("additionalFields.summary|summary", "title!", Value),
            ("start", "start", Date),
            ("end", "end", Date),
            ("additionalFields.description|description", "description", Value),
            ("additionalFields.location|location", "location", Value),
            ("additionalFields.attendees|attendees", "attendees", List),
            ("", "meeting", Always("false")),
            ("calendar", "calendar", Value),
        ],
        Answer::Fields(&[("id", "id"), ("htmlLink", "htmlLink"), ("summary", "summary")]),
    ),
    row(
        "googleCalendar",
        "event",
        "get",
        "google_calendar.get_event",
        &[("eventId", "id!", Value), ("calendar", "calendar", Value)],
        Answer::Fields(&[("id", "id"), ("htmlLink", "htmlLink"), ("summary", "summary")]),
    ),
    row(
        "googleCalendar",
        "event",
        "getAll",
        "google_calendar.list_events",
        &[
            ("timeMin|options.timeMin", "from", Date),
            ("timeMax|options.timeMax", "to", Date),
            ("calendar", "calendar", Value),
        ],
        Answer::Items,
    ),
    row(
        "googleCalendar",
        "event",
        "update",
        "google_calendar.update_event",
        &[
            ("eventId", "id!", Value),
            ("updateFields.summary", "title", Value),
            ("updateFields.start", "start", Date),
            ("updateFields.end", "end", Date),
            ("updateFields.description", "description", Value),
            ("calendar", "calendar", Value),
        ],
        ID,
    ),
    row(
        "googleCalendar",
        "event",
        "delete",
        "google_calendar.delete_event",
        &[("eventId", "id!", Value), ("calendar", "calendar", Value)],
        Answer::Plain,
    ),
    row(
        "hubspot",
        "contact",
        "upsert",
        "hubspot.upsert_contact",
        &[
            ("email", "email!", Value),
            ("additionalFields.firstName", "first_name", Value),
            ("additionalFields.lastName", "last_name", Value),
            ("additionalFields.phoneNumber", "phone", Value),
        ],
        Answer::Fields(&[("id", "id"), ("vid", "id")]),
    ),
    row(
        "hubspot",
        "contact",
        "create",
        "hubspot.upsert_contact",
        &[
            ("email", "email!", Value),
            ("additionalFields.firstName", "first_name", Value),
            ("additionalFields.lastName", "last_name", Value),
            ("additionalFields.phoneNumber", "phone", Value),
        ],
        Answer::Fields(&[("id", "id"), ("vid", "id")]),
    ),
    row(
        "hubspot",
        "contact",
        "get",
        "hubspot.get",
        &[("", "object!", Fixed("contacts")), ("contactId", "id!", Value)],
        ID,
    ),
    row("hubspot", "contact", "getAll", "hubspot.list", &[("", "object!", Fixed("contacts"))], Answer::Items),
    row(
        "hubspot",
        "contact",
        "delete",
        "hubspot.delete",
        &[("", "object!", Fixed("contacts")), ("contactId", "id!", Value)],
        Answer::Plain,
    ),
    row(
        "hubspot",
        "deal",
        "create",
        "hubspot.create_deal",
        &[
            ("additionalFields.dealName", "name!", Value),
            ("stage", "stage!", Value),
            ("additionalFields.pipeline", "pipeline", Value),
        ],
        ID,
    ),
    row("hubspot", "deal", "get", "hubspot.get", &[("", "object!", Fixed("deals")), ("dealId", "id!", Value)], ID),
    row(
        "hubspot",
        "ticket",
        "create",
        "hubspot.create_ticket",
        &[
            ("ticketName", "subject!", Value),
            ("additionalFields.description", "content", Value),
            ("stageId", "stage", Value),
            ("pipelineId", "pipeline", Value),
        ],
        ID,
    ),
    row(
        "salesforce",
        "lead",
        "create",
        "salesforce.create",
        &[
            ("", "object!", Fixed("Lead")),
            (
                "{LastName:lastname,Company:company,Email:additionalFields.email,FirstName:additionalFields.firstname,Phone:additionalFields.phone}",
                "fields!",
                Value,
            ),
        ],
        Answer::Plain,
    ),
    row(
        "salesforce",
        "contact",
        "create",
        "salesforce.create",
        &[
            ("", "object!", Fixed("Contact")),
            (
                "{LastName:lastname,Email:additionalFields.email,FirstName:additionalFields.firstName,Phone:additionalFields.phone}",
                "fields!",
                Value,
            ),
        ],
        Answer::Plain,
    ),
    row(
        "salesforce",
        "account",
        "create",
        "salesforce.create",
        &[
            ("", "object!", Fixed("Account")),
            ("{Name:name,Phone:additionalFields.phone,Website:additionalFields.website}", "fields!", Value),
        ],
        Answer::Plain,
    ),
    row(
        "salesforce",
        "opportunity",
        "create",
        "salesforce.create",
        &[
            ("", "object!", Fixed("Opportunity")),
            ("{Name:name,StageName:stageName,CloseDate:closeDate,Amount:additionalFields.amount}", "fields!", Value),
        ],
        Answer::Plain,
    ),
    row(
        "salesforce",
        "customObject",
        "create",
        "salesforce.create",
        &[
            ("customObject", "object!", Value),
            ("customFieldsUi.customFieldsValues", "fields!", Ids("fieldId", "value")),
        ],
        Answer::Plain,
    ),
    row(
        "salesforce",
        "customObject",
        "update",
        "salesforce.update",
        &[
            ("customObject", "object!", Value),
            ("recordId", "id!", Value),
            ("customFieldsUi.customFieldsValues", "fields!", Ids("fieldId", "value")),
        ],
        Answer::Plain,
    ),
    row(
        "salesforce",
        "lead",
        "get",
        "salesforce.get",
        &[("", "object!", Fixed("Lead")), ("leadId", "id!", Value)],
        Answer::Plain,
    ),
    row(
        "salesforce",
        "contact",
        "get",
        "salesforce.get",
        &[("", "object!", Fixed("Contact")), ("contactId", "id!", Value)],
        Answer::Plain,
    ),
    row(
        "salesforce",
        "account",
        "get",
        "salesforce.get",
        &[("", "object!", Fixed("Account")), ("accountId", "id!", Value)],
        Answer::Plain,
    ),
    row("salesforce", "search", "query", "salesforce.query", &[("query", "soql!", Value)], Answer::Items),
    row(
        "jira",
        "issue",
        "create",
        "jira.create_issue",
        &[
            ("project", "project!", Value),
            ("issueType", "type", Value),
            ("summary", "summary!", Value),
            ("additionalFields.description", "description", Value),
            ("additionalFields.assignee", "assignee", Value),
            ("additionalFields.labels", "labels", List),
            ("additionalFields.parentIssueKey", "parent", Value),
        ],
        ISSUE,
    ),
    row(
        "jira",
        "issue",
        "update",
        "jira.update_issue",
        &[
            ("issueKey", "issue!", Value),
            ("updateFields.summary", "summary", Value),
            ("updateFields.description", "description", Value),
            ("updateFields.assignee", "assignee", Value),
            ("updateFields.labels", "labels", List),
        ],
        Answer::Plain,
    ),
    row(
        "jira",
        "issue",
        "get",
        "jira.get_issue",
        &[("issueKey", "issue!", Value)],
        Answer::Fields(&[("id", "id"), ("key", "key")]),
    ),
    row("jira", "issue", "delete", "jira.delete_issue", &[("issueKey", "issue!", Value)], Answer::Plain),
    row("jira", "issue", "getAll", "jira.search", &[("options.jql", "jql!", Value)], Answer::Items),
    row(
        "jira",
        "issueComment",
        "add",
        "jira.add_comment",
        &[("issueKey", "issue!", Value), ("comment", "body!", Value)],
        ID,
    ),
    row(
        "notion",
        "page",
        "create",
        "notion.create_page",
        &[("pageId", "page", Value), ("title", "title", Value)],
        Answer::Fields(&[("id", "id"), ("url", "url")]),
    ),
    row("notion", "page", "search", "notion.search", &[("text", "text", Value)], Answer::Items),
    row("notion", "page", "archive", "notion.archive_page", &[("pageId", "page!", Value)], ID),
    row(
        "notion",
        "databasePage",
        "get",
        "notion.get_page",
        &[("pageId", "page!", Value)],
        Answer::Fields(&[("id", "id"), ("url", "url")]),
    ),
    row(
        "notion",
        "databasePage",
        "getAll",
        "notion.query_database",
        &[("databaseId", "database!", Value)],
        Answer::Items,
    ),
    row(
        "trello",
        "card",
        "create",
        "trello.create_card",
        &[
            ("listId", "list!", Value),
            ("name", "name!", Value),
            ("description", "desc", Value),
            ("additionalFields.due", "due", Date),
        ],
        Answer::Fields(&[("id", "id"), ("name", "name"), ("url", "url")]),
    ),
    row(
        "trello",
        "card",
        "update",
        "trello.update_card",
        &[("id|cardId", "card!", Value), ("updateFields.name", "name", Value), ("updateFields.desc", "desc", Value)],
        ID,
    ),
    row(
        "trello",
        "card",
        "get",
        "trello.get_card",
        &[("id|cardId", "card!", Value)],
        Answer::Fields(&[("id", "id"), ("name", "name"), ("url", "url")]),
    ),
    row("trello", "card", "delete", "trello.delete_card", &[("id|cardId", "card!", Value)], Answer::Plain),
    row(
        "trello",
        "cardComment",
        "create",
        "trello.add_comment",
        &[("cardId", "card!", Value), ("text", "text!", Value)],
        Answer::Plain,
    ),
    row(
        "asana",
        "task",
        "create",
        "asana.create_task",
        &[
            ("name", "name!", Value),
            ("workspace", "workspace", Value),
            ("otherProperties.notes", "notes", Value),
            ("otherProperties.assignee", "assignee", Value),
        ],
        GID,
    ),
    row(
        "asana",
        "task",
        "update",
        "asana.update_task",
        &[
            ("id", "task!", Value),
            ("otherProperties.name", "name", Value),
            ("otherProperties.notes", "notes", Value),
            ("otherProperties.completed", "completed", Value),
        ],
        GID,
    ),
    row("asana", "task", "get", "asana.get_task", &[("id", "task!", Value)], GID),
    row("asana", "task", "delete", "asana.delete_task", &[("id", "task!", Value)], Answer::Plain),
    row("asana", "taskComment", "add", "asana.add_comment", &[("id", "task!", Value), ("text", "text", Value)], GID),
    row(
        "microsoftTeams",
        "channelMessage",
        "create",
        "teams.post_message",
        &[("teamId", "team!", Value), ("channelId", "channel!", Value), ("message", "html", Value)],
        ID,
    ),
    row(
        "microsoftTeams",
        "chatMessage",
        "create",
        "teams.send_chat",
        &[("chatId", "chat!", Value), ("message", "html", Value)],
        ID,
    ),
    row("microsoftOneDrive", "folder", "create", "onedrive.create_folder", &[("name", "name!", Value)], ID),
    row("microsoftOneDrive", "file", "delete", "onedrive.delete_item", &[("fileId", "id!", Value)], Answer::Plain),
    row("microsoftOneDrive", "file", "get", "onedrive.get_item", &[("fileId", "id!", Value)], ID),
];
