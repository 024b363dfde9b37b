"""The Pusher socket and its reconnection."""
