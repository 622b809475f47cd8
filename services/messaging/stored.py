"""The stored words of messaging: a word is for ever, whatever its class is called."""

from services.messaging.domain.conversation import Conversation
from services.messaging.domain.notification import Notification
from shared.eventstore.stored import Stored

STORED = (
    Stored("ConversationOpened", Conversation.Opened),
    Stored("MessageAdded", Conversation.MessageAdded),
    Stored("ConversationRead", Conversation.Read),
    Stored("ConversationAssigned", Conversation.Assigned),
    Stored("ConversationSettled", Conversation.Settled),
    Stored("ConversationLeftUnread", Conversation.LeftUnread),
    Stored("NotificationAddressed", Notification.Addressed),
    Stored("NotificationSent", Notification.Sent),
    Stored("NotificationBounced", Notification.Bounced),
)
