"""The rules by mechanism, as pure functions of scalars: they see no arrays, no country and no month."""
