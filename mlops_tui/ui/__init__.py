"""The dashboard. It only shows: every act is a function of a domain package or a command."""
