"""Files brought from outside: their type read off their bytes, made anew in a confined child, stored sealed."""
