"""Pictures that strangers sent: looked at, cleaned and made smaller in processes that have nothing else to lose."""
