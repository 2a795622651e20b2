"""What comments, answers and mentions in them notify of."""



