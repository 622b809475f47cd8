"""The stored words of messaging: a word is for ever, whatever its class is called."""

from services.messaging.domain.conversation import Conversation
from services.messaging.domain.notification import Notification
from shared.eventstore.stored import Stored

STORED = (
    Stored("conversation-opened", Conversation.Opened),
    Stored("message-added", Conversation.MessageAdded),
    Stored("conversation-read", Conversation.Read),
    Stored("conversation-assigned", Conversation.Assigned),
    Stored("conversation-settled", Conversation.Settled),
    Stored("conversation-left-unread", Conversation.LeftUnread),
    Stored("notification-addressed", Notification.Addressed),
    Stored("notification-sent", Notification.Sent),
    Stored("notification-bounced", Notification.Bounced),
)
