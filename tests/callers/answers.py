"""Whether a caller finds in an answer what it reads."""
import re

import yaml

TOKEN = r"[a-z0-9]{6}\.[a-z0-9]{16}"
RELEASE = re.compile(r'kubeadm version: &version\.Info\{Major:"\d+", .*GitVersion:"v[\d.]+"')


def mask(text):
    """Replaces what differs in every run."""
    for pattern, name in [
        (r"sha256:[0-9a-f]{64}", "HASH"),
        (r"\b[0-9a-f]{64}\b", "KEY"),
        (rf"\b{TOKEN}\b", "TOKEN"),
        (r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME"),
    ]:
        text = re.sub(pattern, name, text)
    return text


def problem(case, variant, answer):
    """Returns why the caller cannot use the answer; None if it can."""
    if answer.rc not in (0, 1):
        return f"the exit code is {answer.rc}"
    expected = case.succeeded(variant)
    if (answer.rc == 0) != expected:
        lines = (answer.err + answer.out).strip().splitlines()
        reason = next((line for line in lines if line.startswith("error")), lines[-1:])
        return f"kubeadm {'succeeds' if expected else 'fails'}: {reason}"
    if not expected:
        return None
    for is_meant, check in CHECKS:
        if re.search(is_meant, case.command):
            return check(answer, case.output(variant), case)
    return None


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def parsed(check):
    """Makes text that is no YAML a problem."""

    def run(answer, real, case):
        try:
            return check(answer, real, case)
        except (yaml.YAMLError, KeyError, TypeError, IndexError, AttributeError) as error:
            return f"stdout is not what the caller parses: {error!r}"

    return run


def same(mine, real):
    return None if mine == real else f"{str(mine)[:300]!r} for {str(real)[:300]!r}"


def words(answer, real, _case):
    return same(answer.out.split(), real.split())


def exact(answer, real, _case):
    return same(answer.out, real)


def masked(answer, real, _case):
    return same(mask(answer.out).split("\n"), mask(real).split("\n"))


@parsed
def version_fields(answer, real, _case):
    mine, real = (yaml.safe_load(text)["clientVersion"] for text in (answer.out, real))
    missing = set(real) - set(mine)
    return f"without {missing}" if missing else same(mine["gitVersion"], real["gitVersion"])


def version_text(answer, _real, _case):
    return None if RELEASE.match(answer.out) else f"version: {answer.out[:80]!r}"


def certificate_key(answer, _real, _case):
    return None if re.fullmatch(r"[0-9a-f]{64}\n", answer.out) else f"{answer.out[:80]!r}"


def tokens_alone(answer, _real, _case):
    return None if re.fullmatch(f"({TOKEN})+", answer.out.strip()) else f"{answer.out[:80]!r}"


@parsed
def token_documents(answer, _real, _case):
    found = documents(answer.out)
    fit = all(
        document["kind"] == "BootstrapToken"
        and document["apiVersion"].startswith("output.")
        and re.fullmatch(TOKEN, document["token"])
        for document in found
    )
    return None if found and fit else f"{found}"


def token_table(answer, real, _case):
    return same(*(mask(text).split("\n")[0].split() for text in (answer.out, real)))


@parsed
def kubeconfig(answer, real, _case):
    def parts(text):
        value = yaml.safe_load(text)
        cluster = value["clusters"][0]
        users = [user["name"] for user in value["users"]]
        current = value["current-context"]
        return (cluster["cluster"]["server"], cluster["name"], value["contexts"], users, current)

    return same(parts(answer.out), parts(real))


def expirations(answer, real, _case):
    def rows(text):
        dated = re.compile(r"\w{3} \d\d, \d{4}")
        found = [line for line in text.splitlines() if dated.search(line)]
        # Some callers keep the dates alone, which depend on the day of the recording.
        return ["DATE" if dated.match(line) else line.split()[0] for line in found]

    return same(rows(answer.out), rows(real))


@parsed
def same_documents(answer, real, _case):
    return same(*(documents(mask(text)) for text in (answer.out, real)))


@parsed
def same_objects(answer, real, _case):
    def names(text):
        return sorted((item["kind"], item["metadata"]["name"]) for item in documents(text))

    return same(names(answer.out), names(real))


def completion(answer, _real, _case):
    fits = "kubeadm" in answer.out and "kubephase" not in answer.out
    return None if fits else "the script completes another name"


def whole_init(answer, real, _case):
    """Callers look for headings of phases, and cut the commands for joining out."""
    for heading in ("[certs]", "[control-plane]", "[bootstrap-token]"):
        if heading in real and heading not in answer.out:
            return f"no {heading} on stdout"

    def joins(text):
        found = re.findall(r"kubeadm join [^\n]*(?:\\\n[^\n]*)*", mask(text))
        return [re.sub(r"join \S+", "join", " ".join(line.split())) for line in found]

    return same(joins(answer.out), joins(real))


def certificates(answer, real, _case):
    wanted = re.findall(r'Generating "([^"]+)" certificate', real)
    missing = [
        name for name in wanted if not any(file.endswith(f"/{name}.crt") for file in answer.files)
    ]
    return f"not written: {missing}" if missing else None


# What the command matches, and what its callers read; the first that matches counts.
CHECKS = [
    ("images list", words),
    ("version.*short", exact),
    (r"kubeadm\S* version.*(-o|--output)", version_fields),
    (r"kubeadm\S* version", version_text),
    ("certs certificate-key", certificate_key),
    ("certs generate-csr.*find", exact),
    ("init phase upload-certs", masked),
    ("token create", masked),
    ("token list.*jsonpath", tokens_alone),
    ("token list.*yaml", token_documents),
    ("token list", token_table),
    ("kubeconfig user", kubeconfig),
    ("check-expiration", expirations),
    ("config (migrate|print)", same_documents),
    ("--print-manifest", same_objects),
    ("completion", completion),
    ("init phase certs", certificates),
    (r"kubeadm (--v=\d+ |-v\d )?init( |$)", whole_init),
]
