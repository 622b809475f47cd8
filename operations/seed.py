"""Demonstration data, put in through the gateway as an outside client does; a seed that broke off goes on."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, date
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from deploy.local.files import write_private
from operations import journey
from operations.accounts import DemoAccount, keep
from operations.importing import Import
from operations.outside import Authenticator, Person, Portal, eventually
from operations.samples import PRIMARY, SAMPLES, sample_bundles
from operations.stack import Stack
from shared.clock import machine_now
from shared.ids import uuid7
from shared.rpc.certificates import Certificates
from shared.rpc.client import ApiChannel

PRACTICE = "Elm Street Family Practice"
PROVIDERS = (
    journey.NewProvider("Grace", "Okafor", "1000000004", takes_part=True),
    journey.NewProvider("Miguel", "Santos", "1000000012", takes_part=True),
    journey.NewProvider("Ruth", "Alder", "1000000020", takes_part=False),
)
STAFF = {
    "front_desk": ("Frances", "Desk", "front desk: patients, consent, representatives"),
    "clinical": ("Clive", "Nurse", "clinical staff: results, conversations"),
    "billing": ("Bella", "Ledger", "billing staff: charges, statements, refunds"),
    "support": ("Sam", "Helper", "support: enrolment and mail delivery"),
}
SECOND = SAMPLES[0]
CHILD = journey.NewPatient("Robin", "Ashdown", date(machine_now().astimezone(UTC).year - 9, 1, 15), "")
PARENT_BIRTH = date(1985, 6, 1)


class Memory:
    """What a seed has done, kept with the secrets: its keys, the answers it rests on, and the accounts."""

    def __init__(self, stack: Stack) -> None:
        self._path: Path = stack.state.secrets / "seed.json"
        self._state = stack.state
        known = json.loads(self._path.read_text()) if self._path.exists() else {}
        self._keys: dict[str, str] = known.get("keys", {})
        self._answers: dict[str, str] = known.get("answers", {})
        self._accounts: list[DemoAccount] = [DemoAccount(**one) for one in known.get("accounts", [])]

    def key(self, name: str) -> str:
        """The Idempotency-Key of an act: random, and the same when the seed goes on."""
        if name not in self._keys:
            self._keys[name] = str(uuid7())
            self._save()
        return self._keys[name]

    async def once(self, name: str, act: Callable[[str], Awaitable[str]]) -> str:
        """The answer of an act that is done once; it is given its key."""
        if name not in self._answers:
            self._answers[name] = await act(self.key(name))
            self._save()
        return self._answers[name]

    def account(self, user_name: str, who: str) -> DemoAccount:
        """The account of that name; a password is made up for a new one."""
        for account in self._accounts:
            if account.user_name == user_name:
                return account
        return self.remember(DemoAccount(user_name, f"portal-demo-{self.key(f'password of {user_name}')[-12:]}", who))

    def remember(self, account: DemoAccount) -> DemoAccount:
        self._accounts = [one for one in self._accounts if one.user_name != account.user_name] + [account]
        self._save()
        return account

    def _save(self) -> None:
        known = {
            "keys": self._keys,
            "answers": self._answers,
            "accounts": [asdict(account) for account in self._accounts],
        }
        write_private(self._path, json.dumps(known, indent=2).encode())
        keep(self._state, self._accounts)


async def seed(stack: Stack, say: Callable[[str], None]) -> None:
    """A practice with staff of each role, ten patients with records, three accounts that may see some of them."""
    portal = Portal(stack.public_url, stack.state.authority, stack.mail_url)
    environment = stack.environment()
    channels = ApiChannel(
        Certificates(stack.state.certificates, "operations"),
        lambda service: environment[f"PORTAL_{service.upper()}_PEERS"],
    )
    try:
        await Seed(portal, channels, Memory(stack), say).run()
    finally:
        await channels.close()
        await portal.close()


class Seed:
    """One run; every act is done once, in whichever run."""

    def __init__(self, portal: Portal, channels: ApiChannel, memory: Memory, say: Callable[[str], None]) -> None:
        self._portal, self._channels, self._memory, self._say = portal, channels, memory, say
        self._practice_id = ""
        self._staff: dict[str, Person] = {}

    async def run(self) -> None:
        self._say("Demonstration data: a practice and its staff.")
        await self._practice()
        self._say("Demonstration data: ten patients with their records.")
        await self._import()
        self._say("Demonstration data: consents, accounts, a result, a statement, messages.")
        patient_id = await self._enrolled(PRIMARY.family, PRIMARY.birth_date, "ives.testerson")
        await self._enrolled(SECOND.family, SECOND.birth_date, "juno.syntheson")
        await self._content(patient_id)
        await self._family()

    async def _practice(self) -> None:
        async def open_(key: str) -> str:
            admin = ("Ada", "Quist", "ada.quist@elm.example")
            opened = await journey.open_practice(self._channels, PRACTICE, "America/New_York", admin, key)
            return f"{opened.practice_id} {opened.link}"

        self._practice_id, link = (await self._memory.once("practice", open_)).split()
        admin = await self._member("ada.quist", "practice admin: settings, staff", link)
        provider_ids = [await self._provider(admin, provider) for provider in PROVIDERS]
        for role, (given, family, who) in STAFF.items():
            member = journey.Member(given, family, f"{given.lower()}@elm.example", [role])
            self._staff[role] = await self._invited(admin, member, who)
        for provider, provider_id in zip(PROVIDERS, provider_ids, strict=True):
            if not provider.takes_part:
                continue
            member = journey.Member(
                provider.given, provider.family, f"{provider.family.lower()}@elm.example", ["provider"], provider_id
            )
            person = await self._invited(admin, member, f"provider: Dr. {provider.family}")
            self._staff.setdefault("provider", person)

    async def _provider(self, admin: Person, provider: journey.NewProvider) -> str:
        return await self._memory.once(
            f"provider {provider.npi}",
            lambda key: journey.register_provider(admin, self._practice_id, provider, key),
        )

    async def _invited(self, admin: Person, member: journey.Member, who: str) -> Person:
        link = await self._memory.once(
            f"staff {member.email}", lambda key: journey.invite_staff(admin, self._practice_id, member, key)
        )
        return await self._member(f"{member.given}.{member.family}".lower(), who, link)

    async def _member(self, user_name: str, who: str, link: str) -> Person:
        """Signed in; joins first if that was not done."""
        account = self._memory.account(user_name, who)
        if not account.totp_secret:
            staff_id, secret = link.rstrip("/").split("/")[-2:]
            begun = await self._portal.ask("POST", f"/v1/staff-invitations/{staff_id}/begin", {"secret": secret})
            key = self._memory.key(f"join {user_name}")
            person = await journey.join_staff(self._portal, link, user_name, account.password, key)
            self._memory.remember(DemoAccount(user_name, account.password, who, begun["totp_secret"]))
            return person
        return await Person(self._portal, user_name, account.password, Authenticator(account.totp_secret)).sign_in()

    async def _import(self) -> None:
        async def bring_in(_: str) -> str:
            with TemporaryDirectory() as folder:
                taking = Import(self._channels, UUID(self._practice_id), lambda _: None)
                summary = await taking.files(sample_bundles(Path(folder)))
            if summary.broken:
                raise RuntimeError(f"expected whole samples, found {summary.broken}")
            return "done"

        await self._memory.once("import", bring_in)

    async def _enrolled(self, family: str, birth_date: date, user_name: str) -> str:
        """The imported patient, with a signed consent and an own account; the patient's id."""
        desk, email = self._staff["front_desk"], f"{user_name}@mail.example"

        async def find(_: str) -> str:
            query = {"name": family, "birth_date": journey.day(birth_date)}
            found = await desk.post(f"/v1/practices/{self._practice_id}/patients/find", query)
            return str(found["patients"][0]["patient_id"])

        async def write_contact(key: str) -> str:
            contact = {"person_id": patient_id, "contact": {"email": email, "language": "en"}}
            await desk.post(f"/v1/patients/{patient_id}/contacts", contact, key=key)
            return "done"

        patient_id = await self._memory.once(f"patient {family}", find)
        await self._memory.once(f"contact {family}", write_contact)
        await self._memory.once(
            f"consent {family}", lambda key: journey.sign_consent(desk, self._practice_id, patient_id, "", key)
        )
        link = await self._memory.once(f"link {family}", lambda _: self._portal.link_mailed_to(email, "invitation"))
        person = await self._account(user_name, f"patient: {family}", link, birth_date)
        await journey.reach(person, patient_id, "results")
        return patient_id

    async def _account(self, user_name: str, who: str, link: str, birth_date: date) -> Person:
        account = self._memory.account(user_name, who)

        async def enrol(key: str) -> str:
            await journey.enrol(self._portal, link, birth_date, user_name, account.password, key)
            return "done"

        await self._memory.once(f"enrol {user_name}", enrol)
        return await Person(self._portal, user_name, account.password).sign_in()

    async def _content(self, patient_id: str) -> None:
        provider, billing = self._staff["provider"], self._staff["billing"]
        account = self._memory.account("ives.testerson", "")
        patient = await Person(self._portal, account.user_name, account.password).sign_in()

        async def release(_: str) -> str:
            pending = await provider.get(f"/v1/practices/{self._practice_id}/pending-results?page_size=200")
            mine = [one["result_id"] for one in pending["results"] if one["patient_id"] == patient_id]
            for result_id in mine[:3]:
                key = self._memory.key(f"release {result_id}")
                await provider.post(f"/v1/patients/{patient_id}/results/{result_id}/release", key=key)
            return "done"

        async def bill(key: str) -> str:
            charge = {
                "serviced_on": journey.day(date(2026, 3, 2)),
                "category": "visit",
                "description": "Follow-up visit",
                "amount_cents": "12345",
            }
            posted = await billing.post(f"/v1/patients/{patient_id}/charges", charge, key=key)
            statement = {"charge_ids": [posted["charge_id"]]}
            await billing.post(f"/v1/patients/{patient_id}/statements", statement, key=self._memory.key("statement"))
            return "done"

        async def write(key: str) -> str:
            path = f"/v1/patients/{patient_id}/conversations"
            message = {"topic": "medical", "subject": "Fasting before the test", "body": "May I drink water?"}
            return str((await patient.post(path, message, key=key))["conversation_id"])

        async def answer(key: str) -> str:
            path = f"/v1/practices/{self._practice_id}/conversations/{conversation_id}/messages"
            body = {"body": "Yes, plain water is fine."}
            await eventually("the conversation", lambda: journey.if_found(provider.post(path, body, key=key)))
            return "done"

        await self._memory.once("release", release)
        await self._memory.once("bill", bill)
        conversation_id = await self._memory.once("conversation", write)
        await self._memory.once("answer", answer)

    async def _family(self) -> None:
        """A nine-year-old whose parent has full access until the twelfth birthday (R17)."""
        desk, support, email = self._staff["front_desk"], self._staff["support"], "morgan.ashdown@mail.example"
        child_id = await self._memory.once(
            "child", lambda key: journey.register_patient(desk, self._practice_id, CHILD, key)
        )

        async def known(key: str) -> str:
            person = {
                "name": {"given": "Morgan", "family": "Ashdown"},
                "birth_date": journey.day(PARENT_BIRTH),
                "contact": {"email": email, "language": "es"},
            }
            path = f"/v1/patients/{child_id}/persons"
            made = await eventually("the child", lambda: journey.if_found(desk.post(path, person, key=key)))
            return str(made["person_id"])

        async def grant(key: str) -> str:
            terms = {"person_id": person_id, "kind": "minor", "signed_by": ["representative"]}
            path = f"/v1/patients/{child_id}/authorizations"
            granted = await eventually(
                "the child at consent", lambda: journey.if_found(desk.post(path, terms, key=key))
            )
            return str(granted["authorization_id"])

        async def verify(key: str) -> str:
            path = f"/v1/patients/{child_id}/authorizations/{authorization_id}/documents"
            scan_id = await journey.scan(desk, child_id, "Birth certificate", self._memory.key("scan"))
            document = {"kind": "birth_certificate", "scan_id": scan_id}
            recorded = await desk.post(path, document, key=key)
            await support.post(f"{path}/{recorded['document_id']}/verify", key=self._memory.key("verified"))
            return "done"

        person_id = await self._memory.once("parent", known)
        authorization_id = await self._memory.once("authorization", grant)
        await self._memory.once("documents", verify)
        await self._memory.once(
            "consent of the parent",
            lambda key: journey.sign_consent(desk, self._practice_id, child_id, person_id, key),
        )
        link = await self._memory.once("link of the parent", lambda _: self._portal.link_mailed_to(email, "invitation"))
        parent = await self._account("morgan.ashdown", "parent of Robin Ashdown (9)", link, PARENT_BIRTH)
        await journey.reach(parent, child_id, "results")
