from agents import versions


def test_versions_name_packages_and_code():
    found = versions.versions()
    assert found["torch"] and found["python"].startswith("3.") and len(found["code"]) == 64


def test_the_code_hash_sees_every_source_and_nothing_else(tmp_path, monkeypatch):
    for name in ("nea_env/core/play/decisions.py", "nea_env/library/regimes/kets.yaml", "agents/sb3.py", "train.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    monkeypatch.setattr(versions, "_CHECKOUT", tmp_path)
    monkeypatch.setattr(versions.nea_env, "__file__", str(tmp_path / "nea_env" / "__init__.py"))
    hashes = [versions.code_hash()]
    for path in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
        path.write_text("x = 2\n")
        hashes.append(versions.code_hash())
    (tmp_path / "agents" / "sb3.py").rename(tmp_path / "agents" / "sb4.py")
    hashes.append(versions.code_hash())
    assert len(set(hashes)) == len(hashes) == 6
    (tmp_path / "agents" / "notes.txt").write_text("x")
    (tmp_path / "nea_env" / "policies").mkdir()
    for found in ("tuned.yaml", "searched.yaml"):  # written while a run is stopped
        (tmp_path / "nea_env" / "policies" / found).write_text("kets: {}\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test.py").write_text("x")
    assert versions.code_hash() == hashes[-1]


def test_changes_are_named_but_for_the_commit():
    before = {"torch": "1", "git": "a", "code": "x"}
    assert versions.changes(before, {"torch": "2", "git": "b", "code": "x", "numpy": "3"}) == {
        "torch": ("1", "2"),
        "numpy": (None, "3"),
    }
